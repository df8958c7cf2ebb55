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

  next(value: T): void {
    for (const listener of this.#listeners) tell(listener, value);
  }
}

/** An observable that has a value at every moment; a new listener is told it at once. */
export class Value<T> extends Subject<T> {
  #current: T;

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
    super.next(value);
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
