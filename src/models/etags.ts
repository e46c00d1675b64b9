/** Whether two ETags name the same content: weakness and quotes are lost on some ways. */
export function sameEtag(left: string | undefined, right: string | undefined): boolean {
  return left === right || (left !== undefined && right !== undefined && opaque(left) === opaque(right));
}

function opaque(etag: string): string {
  return etag.trim().replace(/^W\//, '').replace(/^"|"$/g, '');
}
