/** A source of values that can be subscribed to. */
export interface Observable<T> {
  /**
   * Calls `listener` with every value from now on, and returns a function that ends the subscription. An error that
   * the listener throws is reported as an uncaught error and affects neither other listeners nor the client.
   */
  subscribe(listener: (value: T) => void): () => void;
}

/** An observable that passes each value on to its listeners and doesn't store it. */
export class Subject<T> implements Observable<T> {
  readonly #listeners = new Set<(value: T) => void>();

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Calls the listeners that are subscribed at this moment. A listener that subscribes during the call doesn't get
   * this value. The call ends early once `isCurrent` returns false.
   */
  next(value: T, isCurrent: () => boolean = () => true): void {
    for (const listener of [...this.#listeners]) {
      if (!isCurrent()) return;
      if (this.#listeners.has(listener)) callListener(listener, value);
    }
  }
}

/**
 * An observable that always has a current value and passes it to a new listener at once. A listener may set a newer
 * value. The listeners called after it then get only the newer value, so that no listener sees values out of order.
 */
export class Value<T> extends Subject<T> {
  #current: T;
  #changes = 0;

  constructor(initial: T) {
    super();
    this.#current = initial;
  }

  get current(): T {
    return this.#current;
  }

  override subscribe(listener: (value: T) => void): () => void {
    const unsubscribe = super.subscribe(listener);
    callListener(listener, this.#current);
    return unsubscribe;
  }

  override next(value: T): void {
    this.#current = value;
    this.#changes += 1;
    const change = this.#changes;
    super.next(value, () => change === this.#changes);
  }
}

/** Calls a function of the application. An error that it throws becomes an uncaught error. */
export function callListener<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
