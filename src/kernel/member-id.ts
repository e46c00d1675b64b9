/** Name of a member's document and of its book: `team/user`, with slashes of either escaped, so that no two pairs share one. */
export function memberId(teamId: string, userId: string): string {
  return `${escaped(teamId)}/${escaped(userId)}`;
}

/** Whose name it is. */
export function memberOf(id: string): { readonly teamId: string; readonly userId: string } {
  const [team = '', user = ''] = id.split('/');
  return { teamId: plain(team), userId: plain(user) };
}

function escaped(part: string): string {
  return part.replaceAll('%', '%25').replaceAll('/', '%2F');
}

function plain(part: string): string {
  return part.replaceAll('%2F', '/').replaceAll('%25', '%');
}
