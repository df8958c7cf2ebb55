/** Something that can be listened to. `subscribe` returns what ends the listening. */
export interface Observable<T> {
  subscribe(listener: (value: T) => void): () => void;
}

/** A listener that throws harms neither the others nor the SDK: its error is reported as an uncaught one. */
export class Subject<T> implements Observable<T> {
  readonly #listeners = new Set<(value: T) => void>();

  subscribe(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Who begins to listen meanwhile is not told this one, and nobody is once `isStill` says no. */
  next(value: T, isStill: () => boolean = () => true): void {
    for (const listener of [...this.#listeners]) {
      if (!isStill()) return;
      if (this.#listeners.has(listener)) tell(listener, value);
    }
  }
}

/**
 * An observable that has a value at every moment; a new listener is told it at once. A listener may change it: those
 * behind it are told the newer value then, and not the older one after it.
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
    const stop = super.subscribe(listener);
    tell(listener, this.#current);
    return stop;
  }

  override next(value: T): void {
    this.#current = value;
    this.#changes += 1;
    const change = this.#changes;
    super.next(value, () => change === this.#changes);
  }
}

/** Calls a listener of the application. What it throws becomes an uncaught error. */
export function tell<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
