/**
 * Which of several rows that claim one key stays, and which rows are the same thing as another: plain rules over plain
 * data. The rows come from the survey, which finds those that share any key at all.
 */

/** A row that shares a key with another. Keys are folded; missing and placeholder values are not among them. */
export interface Candidate {
  readonly table: string;
  readonly legacyId: string;
  /** passes every rule of its own */
  readonly good: boolean;
  /** orders candidates: microseconds since 2000-01-01; null (missing) comes last */
  readonly first: bigint | null;
  /** key by rule: `code`, or the name of a consolidation's match */
  readonly keys: ReadonlyMap<string, string>;
  /** a row of the target that was there before: nothing is decided about it, and it comes before all others */
  readonly standing?: true;
}

export interface Decision {
  readonly table: string;
  readonly legacyId: string;
  readonly kind: 'duplicate' | 'merge' | 'same' | 'remint';
  readonly otherTable: string;
  readonly otherId: string;
  readonly rule: string;
}

export interface SettleRules {
  /** keys that only one row may have, e.g. `unique customer_code` */
  readonly unique: readonly string[];
  /** rows of `from` that match a row of `into` become part of it; matches in order of preference */
  readonly consolidation?: {
    readonly into: string;
    readonly from: string;
    readonly matches: readonly string[];
  };
}

/** The key under which two legacy tables of one entity share an identity. */
export const identityKey = 'identity';

export function settle(candidates: readonly Candidate[], rules: SettleRules): Decision[] {
  const decisions = new Map<string, Decision>();
  const ordered = [...candidates].sort(inOrder);
  const decide = (row: Candidate, kind: Decision['kind'], other: Candidate, rule: string) =>
    decisions.set(nameOf(row), {
      table: row.table,
      legacyId: row.legacyId,
      kind,
      otherTable: other.table,
      otherId: other.legacyId,
      rule,
    });

  // Rows that others may be merged into are settled among themselves first: a duplicate takes nobody in.
  const { consolidation } = rules;
  const first = consolidation
    ? ordered.filter((row) => row.standing || row.table === consolidation.into)
    : ordered;
  for (const rule of rules.unique) settleUnique(first, rule, decide);
  if (consolidation) {
    const hosts = first.filter((row) => row.good && !row.standing && !decisions.has(nameOf(row)));
    const index = hostsByKey(hosts, consolidation.matches);
    const rest: Candidate[] = [];
    for (const row of ordered.filter((candidate) => candidate.table === consolidation.from)) {
      const match = findHost(row, index);
      if (match) decide(row, 'merge', match.host, match.rule);
      else rest.push(row);
    }
    const standing = first.filter((row) => row.standing);
    for (const rule of rules.unique) settleUnique([...standing, ...rest], rule, decide);
    settleSame(
      rest.filter((row) => row.good && !decisions.has(nameOf(row))),
      consolidation.matches,
      decide,
    );
    settleIdentity(hosts, rest, decisions, decide);
  }
  return [...decisions.values()];
}

type Decide = (row: Candidate, kind: Decision['kind'], other: Candidate, rule: string) => void;

/** The first good row of each key stays; the others, good or not, are duplicates of it. */
function settleUnique(rows: readonly Candidate[], rule: string, decide: Decide): void {
  for (const group of groups(rows, rule)) {
    const winner = group.find((row) => row.good);
    if (winner)
      for (const row of group) if (row !== winner && !row.standing) decide(row, 'duplicate', winner, rule);
  }
}

/** Rows that are one company without a row to merge into both move, and are named. */
function settleSame(rows: readonly Candidate[], matches: readonly string[], decide: Decide): void {
  const named = new Set<Candidate>();
  for (const rule of matches)
    for (const group of groups(rows, rule))
      for (const row of group.slice(1)) {
        if (named.has(row)) continue;
        named.add(row);
        decide(row, 'same', group[0] as Candidate, rule);
      }
}

/** A row whose UUID belongs to a row of the other table gets another. */
function settleIdentity(
  hosts: readonly Candidate[],
  rest: readonly Candidate[],
  decisions: ReadonlyMap<string, Decision>,
  decide: Decide,
): void {
  const owners = new Map(hosts.map((host) => [host.keys.get(identityKey), host]));
  for (const row of rest) {
    const owner = owners.get(row.keys.get(identityKey));
    const settled = decisions.get(nameOf(row));
    if (owner && row.keys.has(identityKey) && (!settled || settled.kind === 'same'))
      decide(row, 'remint', owner, identityKey);
  }
}

type HostIndex = readonly { readonly rule: string; readonly hosts: ReadonlyMap<string, Candidate> }[];

/** The first host of each key, by rule in order of preference. */
function hostsByKey(hosts: readonly Candidate[], matches: readonly string[]): HostIndex {
  return matches.map((rule) => {
    const byKey = new Map<string, Candidate>();
    for (const host of hosts) {
      const key = host.keys.get(rule);
      if (key !== undefined && !byKey.has(key)) byKey.set(key, host);
    }
    return { rule, hosts: byKey };
  });
}

function findHost(row: Candidate, index: HostIndex): { host: Candidate; rule: string } | undefined {
  for (const { rule, hosts } of index) {
    const key = row.keys.get(rule);
    const host = key === undefined ? undefined : hosts.get(key);
    if (host) return { host, rule };
  }
  return undefined;
}

function groups(rows: readonly Candidate[], rule: string): Candidate[][] {
  const byKey = new Map<string, Candidate[]>();
  for (const row of rows) {
    const key = row.keys.get(rule);
    if (key === undefined) continue;
    const group = byKey.get(key);
    if (group) group.push(row);
    else byKey.set(key, [row]);
  }
  return [...byKey.values()].filter((group) => group.length > 1);
}

/** Rows of the target, then by time (missing last), then by id as text in C order. */
function inOrder(a: Candidate, b: Candidate): number {
  if (a.standing !== b.standing) return a.standing ? -1 : 1;
  if (a.first !== b.first) {
    if (a.first === null) return 1;
    if (b.first === null) return -1;
    return a.first < b.first ? -1 : 1;
  }
  return Buffer.compare(Buffer.from(a.legacyId), Buffer.from(b.legacyId));
}

function nameOf(row: { readonly table: string; readonly legacyId: string }): string {
  return `${row.table}\0${row.legacyId}`;
}
