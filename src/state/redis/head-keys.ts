/**
 * Keys for a script that makes up the names it uses from one head, which itself is no key: the head, and a second name that
 * nobody has either. A Cluster that moves the slot sends a script whose one key is missing on to the node where the slot goes,
 * where most of what it looks for is missing too, so that known keys would be unknown and books begin anew. Of two missing
 * keys that node says `TRYAGAIN`, until the slot has moved as a whole; to the gateway that is an outage.
 *
 * @param head with its hash tag.
 */
export function headKeys(head: string): readonly [string, string] {
  return [head, `${head}:whole`];
}
