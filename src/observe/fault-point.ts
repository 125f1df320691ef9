/**
 * Ends the process without a word at the n-th time that a named point is passed: `NXT_FAULT_POINT=after-copy:3`. For
 * tests of what a crash at exactly that point leaves behind; nothing happens in production.
 */
export function faultPoint(environment: NodeJS.ProcessEnv): ((point: string) => void) | undefined {
  const [name, times = '1'] = (environment['NXT_FAULT_POINT'] ?? '').split(':');
  if (!name || environment['NODE_ENV'] === 'production') return undefined;
  let left = Number(times);
  return (point) => {
    if (point === name && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
