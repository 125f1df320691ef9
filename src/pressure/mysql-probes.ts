import { connectionFigures, lagText, numberOf, type AnswerRow, type Figure, type Probe } from './probe.js';

/** Where MySQL and MariaDB differ. */
interface Dialect {
  /** table of the server's counters */
  readonly status: string;
  /** by the words of newer and of older servers */
  readonly replicaStatus: readonly string[];
}

/** Our sessions are those of our user: the servers keep no other name of them that everyone may see. */
const ours = `from information_schema.processlist where user = substring_index(user(), '@', 1)`;

function probesOf({ status, replicaStatus }: Dialect): readonly Probe[] {
  const counter = (name: string) =>
    `(select cast(variable_value as signed) from ${status} where variable_name = '${name}')`;
  return [
    { what: 'replication-lag', sql: replicaStatus, figures: lagFigures },
    {
      what: 'connections',
      sql: [
        `select 'it' as whose, ${counter('Threads_connected')} as used, @@global.max_connections as usable
        union all
        select 'our user', (select count(*) ${ours}), @@session.max_user_connections
        from (select 1) one where @@session.max_user_connections > 0`,
      ],
      figures: connectionFigures,
    },
    {
      what: 'load',
      sql: [
        `select ${counter('Threads_running')} - (select count(*) ${ours} and command in ('Query', 'Execute')) as active`,
      ],
      figures: loadFigures,
    },
  ];
}

/** One row for each server that this one is a replica of. */
function lagFigures(rows: readonly AnswerRow[]): readonly Figure[] {
  return rows.flatMap((row): Figure[] => {
    const seconds = row['Seconds_Behind_Source'] ?? row['Seconds_Behind_Master'];
    // Null: it was stopped, and stays behind however long anybody waits.
    if (typeof seconds !== 'string') return [];
    const value = Number(seconds);
    return [{ value, words: `is a replica that is ${lagText(value)} behind its own source` }];
  });
}

function loadFigures([row]: readonly AnswerRow[]): readonly Figure[] {
  // Counted one after the other: of a server where only we are at work, a little less than none may come out.
  const value = Math.max(0, row ? numberOf(row, 'active') : 0);
  return [{ value, words: `is busy with ${value} sessions of others` }];
}

export const mysqlProbes = probesOf({
  status: 'performance_schema.global_status',
  replicaStatus: ['show replica status', 'show slave status'],
});

export const mariadbProbes = probesOf({
  status: 'information_schema.global_status',
  replicaStatus: ['show all replicas status'],
});
