/** What may begin now. What has begun is never ended for a lack of room. */
export interface Admission {
  /**
   * A place for a connection; disposing gives it back.
   *
   * @param address of the peer, behind trusted proxies
   * @throws VivavoceError `overloaded` with `retryAfterSeconds`
   */
  connection(key: string, address: string): Disposable;
  /**
   * A place for a turn, or for a request that makes an engine work like one.
   *
   * @throws VivavoceError `overloaded` with `retryAfterSeconds`
   */
  turn(key: string): Disposable;
}
