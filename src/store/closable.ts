/**
 * `body` with `close` called once when it ends, fails or is abandoned, even when no chunk was ever requested: a generator
 * alone would not run its `finally` then.
 */
export function closable<T>(
  body: AsyncGenerator<T, void, undefined>,
  close: () => void | Promise<void>,
): AsyncGenerator<T, void, undefined> {
  let closing: Promise<void> | undefined;
  const closeOnce = () => {
    closing ??= Promise.resolve(close());
    return closing;
  };
  const end = async (step: Promise<IteratorResult<T, void>>): Promise<IteratorResult<T, void>> => {
    try {
      const result = await step;
      if (result.done) await closeOnce();
      return result;
    } catch (error) {
      await closeOnce();
      throw error;
    }
  };
  const generator = {
    next: () => end(body.next()),
    return: (value: void | PromiseLike<void>) => end(body.return(value)),
    throw: (error: unknown) => end(body.throw(error)),
    [Symbol.asyncIterator]: () => generator,
  };
  return generator as AsyncGenerator<T, void, undefined>; // only Symbol.asyncDispose is missing, which Node 20 lacks
}
