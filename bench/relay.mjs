/**
 * Carries an upstream response to a client: one socket write per upstream chunk, the upstream paused while the client
 * is slow and aborted when the client goes.
 *
 * `translation.feed(chunk)` gives what to write for a chunk (nothing to write when empty), `translation.finish()` what
 * to write at the end. `translation.headers`, when there, replaces the upstream's content type.
 */
export class ResponseRelay {
  #controller;
  #client;
  #translation;

  constructor(client, translation) {
    this.#client = client;
    this.#translation = translation;
  }

  onRequestStart(controller) {
    this.#controller = controller;
    this.#client.once('close', () => {
      if (!this.#client.writableFinished) controller.abort(new Error('The client has gone.'));
    });
    this.#client.on('drain', () => controller.resume());
  }

  onResponseStart(_controller, statusCode, headers) {
    this.#client.writeHead(statusCode, this.#translation.headers ?? { 'content-type': headers['content-type'] });
  }

  onResponseData(_controller, chunk) {
    const out = this.#translation.feed(chunk);
    if (out.length > 0 && !this.#client.write(out, 'latin1')) this.#controller.pause();
  }

  onResponseEnd() {
    this.#client.end(this.#translation.finish(), 'latin1');
  }

  onResponseError() {
    if (!this.#client.headersSent) this.#client.writeHead(502);
    this.#client.destroy();
  }
}
