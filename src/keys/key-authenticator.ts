import { type Principal } from '../kernel/principal';

/** Port: who holds a key. */
export abstract class KeyAuthenticator {
  /**
   * The holder of `secret`, or undefined when nobody is: unknown, malformed and deleted keys are not told apart. Answers
   * without a promise when it need not look further than this process.
   *
   * @throws {GatewayError} 401 that says why for a key that exists and is blocked, expired or of a blocked team;
   * {StateUnavailable} when nobody can say. At once or by the promise.
   */
  abstract authenticate(secret: string): Principal | undefined | Promise<Principal | undefined>;
}
