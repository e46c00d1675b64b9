/** Reads a JSON array member by member, in the order in which it was written. @throws {Error} where a member is not what it should be. */
export class TupleReader {
  private readonly members: readonly unknown[];
  private at = 0;

  constructor(value: unknown) {
    if (!Array.isArray(value)) throw new Error('not a list of members');
    this.members = value;
  }

  /** Whether all members were read: a text of an earlier version ends where later ones go on. */
  get isAtEnd(): boolean {
    return this.at >= this.members.length;
  }

  text(): string {
    const member = this.next();
    return typeof member === 'string' ? member : this.bad();
  }

  number(): number {
    const member = this.next();
    return typeof member === 'number' ? member : this.bad();
  }

  flag(): boolean {
    const member = this.next();
    return typeof member === 'boolean' ? member : this.bad();
  }

  texts(): readonly string[] {
    const member = this.next();
    const isList = Array.isArray(member) && member.every((each): each is string => typeof each === 'string');
    return isList ? member : this.bad();
  }

  /** The member under a name, to be spread; an empty object when there was none. */
  maybeText<Name extends string>(name: Name): Readonly<Partial<Record<Name, string>>> {
    const member = this.next();
    if (member === null) return {} as Readonly<Partial<Record<Name, string>>>;
    return typeof member === 'string' ? ({ [name]: member } as Readonly<Partial<Record<Name, string>>>) : this.bad();
  }

  maybeNumber<Name extends string>(name: Name): Readonly<Partial<Record<Name, number>>> {
    const member = this.next();
    if (member === null) return {} as Readonly<Partial<Record<Name, number>>>;
    return typeof member === 'number' ? ({ [name]: member } as Readonly<Partial<Record<Name, number>>>) : this.bad();
  }

  tuple(): TupleReader {
    return new TupleReader(this.next());
  }

  maybeTuple(): TupleReader | undefined {
    const member = this.next();
    return member === null ? undefined : new TupleReader(member);
  }

  /** All members from here on. */
  restOfNumbers(): readonly number[] {
    const numbers: number[] = [];
    while (this.at < this.members.length) numbers.push(this.number());
    return numbers;
  }

  /** A list of lists. */
  tuples(): readonly TupleReader[] {
    const member = this.next();
    return Array.isArray(member) ? member.map((each) => new TupleReader(each)) : this.bad();
  }

  maybeObject(): Readonly<Record<string, unknown>> | undefined {
    const member = this.next();
    if (member === null) return undefined;
    return isObject(member) ? member : this.bad();
  }

  /** An object whose values are numbers. */
  numbers(): Readonly<Record<string, number>> {
    const member = this.next();
    if (!isObject(member)) return this.bad();
    const numbers: Record<string, number> = Object.create(null) as Record<string, number>;
    for (const [name, value] of Object.entries(member)) numbers[name] = typeof value === 'number' ? value : this.bad();
    return numbers;
  }

  private next(): unknown {
    const member = this.members[this.at];
    this.at += 1;
    return member;
  }

  private bad(): never {
    throw new Error(`member ${this.at - 1} of a stored list is not what it should be`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
