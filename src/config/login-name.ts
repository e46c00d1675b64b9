/** Names of logins that live in the state. `default` is the login of the environment, which has a file. */
export const loginNamePattern = /^(?!default$)[A-Za-z0-9._-]{1,64}$/;

/** The pattern in words that fit after "must be". */
export const loginNameRule = '1 to 64 letters, digits, dots, dashes or underscores, and not "default"';
