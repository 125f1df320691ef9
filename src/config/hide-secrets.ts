const longestShown = 80;

/**
 * A value as it may be printed: control characters escaped, long ones cut. Whatever looks like a URL or
 * carries an @ shows no more than its scheme and the host, port and database after the last @, so that a password neither shows
 * in a malformed URL nor when a URL was put into the wrong variable.
 */
export function hideSecrets(value: string): string {
  const plain = value.trim();
  if (/:\/\/|@/.test(plain)) return hideUrl(plain);
  return JSON.stringify(plain.length > longestShown ? `${plain.slice(0, longestShown)}…` : plain).slice(
    1,
    -1,
  );
}

function hideUrl(value: string): string {
  const scheme = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.exec(value)?.[0] ?? '';
  const shown = /^.*@([a-z0-9._-]+(?::\d*)?(?:\/[^/?#@]*)?)(?:\?[^#@]*)?$/is.exec(value)?.[1];
  return shown === undefined || /[/?#].*@/s.test(value.slice(scheme.length))
    ? `${scheme}***`
    : `${scheme}***@${shown}`;
}
