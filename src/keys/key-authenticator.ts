import { type Principal } from '../kernel/principal';

/** Port: who holds a key. */
export abstract class KeyAuthenticator {
  /**
   * The holder of `secret`, or undefined when nobody is: unknown, malformed and deleted keys are not told apart. Answers
   * without a promise when it need not look further than this process.
   */
  abstract authenticate(secret: string): Principal | undefined | Promise<Principal | undefined>;
}
