import { randomBytes } from 'node:crypto';

/** A login that waits for a person with a browser. */
export interface DeviceLogin {
  readonly deviceAuthId: string;
  readonly userCode: string;
  state: 'waiting' | 'approved' | 'refused';
}

/** The device code flow of the login service: codes given out, and what people decided about them. */
export class DeviceLogins {
  /** Told to pollers, in the text form that the service uses. */
  intervalSeconds = '0';
  /** Whether the workspace allows the flow at all. */
  isEnabled = true;
  private logins: DeviceLogin[] = [];
  private readonly grants = new Map<string, string>();

  begin(): DeviceLogin {
    const letters = randomBytes(4).toString('hex').toUpperCase();
    const login: DeviceLogin = {
      deviceAuthId: `deviceauth_${randomBytes(8).toString('hex')}`,
      userCode: `${letters.slice(0, 4)}-${letters.slice(4)}`,
      state: 'waiting',
    };
    this.logins.push(login);
    return login;
  }

  /** The person typed the code and agreed, or declined. */
  decide(userCode: string, state: 'approved' | 'refused' = 'approved'): void {
    for (const login of this.logins) if (login.userCode === userCode) login.state = state;
  }

  find(deviceAuthId: string, userCode: string): DeviceLogin | undefined {
    return this.logins.find((login) => login.deviceAuthId === deviceAuthId && login.userCode === userCode);
  }

  /** @returns a code that works once, together with its verifier. */
  grant(): { readonly code: string; readonly verifier: string } {
    const code = `ac_${randomBytes(16).toString('hex')}`;
    const verifier = randomBytes(32).toString('base64url');
    this.grants.set(code, verifier);
    return { code, verifier };
  }

  /** Whether code and verifier belong together; spends the code. */
  redeem(code: string, verifier: string): boolean {
    const isKnown = this.grants.get(code) === verifier;
    this.grants.delete(code);
    return isKnown;
  }

  reset(): void {
    this.intervalSeconds = '0';
    this.isEnabled = true;
    this.logins = [];
    this.grants.clear();
  }
}
