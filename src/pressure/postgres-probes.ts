import { applicationName } from '../config/pool-config.js';
import { quoteLiteral } from '../store/quote.js';
import { connectionFigures, lagText, numberOf, type AnswerRow, type Figure, type Probe } from './probe.js';

/** Without this role the server hides what others do. */
const seesOthers = `pg_has_role('pg_read_all_stats', 'usage')::text as seen`;

/**
 * A primary, or a standby that others follow, tells how far those are; a standby tells of itself. One that has replayed
 * all it was sent is not behind, however long ago that was, and one that is paused was paused by somebody.
 */
const lagSql = `
  select ${seesOthers}, null as standby, extract(epoch from now() - pg_last_xact_replay_timestamp())::text as seconds,
    null as megabytes
  where case when pg_is_in_recovery() then
    not pg_is_wal_replay_paused() and pg_last_wal_receive_lsn() <> pg_last_wal_replay_lsn() end
  union all
  select ${seesOthers}, coalesce(application_name, ''),
    (case when replay_lsn >= position then 0
      when replay_lsn is not null then coalesce(extract(epoch from greatest(write_lag, flush_lag, replay_lag)), 0)
      end)::text,
    round((position - replay_lsn) / 1048576.0)::text
  from pg_stat_replication,
    (select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as position) here
  where state is null or state = 'streaming'`;

function lagFigures(rows: readonly AnswerRow[]): readonly Figure[] | 'unseen' {
  if (rows.some(({ standby, seen }) => standby !== null && seen === 'false')) return 'unseen';
  return rows.flatMap((row): Figure[] => {
    // A receiver that replays nothing, such as an archive, has no lag.
    if (row['seconds'] === null) return [];
    const value = numberOf(row, 'seconds');
    const behind = `${lagText(value)} behind`;
    const words =
      row['standby'] === null
        ? `is a standby that is ${behind} its primary`
        : `has a standby (${row['standby']}) that is ${behind}, with ${row['megabytes']} MB to replay`;
    return [{ value, words }];
  });
}

/** Of sessions that our user may not see into, the server does not say what they are. */
const connectionsSql = `
  with sessions as (
    select datid, usesysid from pg_stat_activity
    where datid is not null and coalesce(backend_type, 'client backend') = 'client backend'
  )
  select 'it' as whose, (select count(*) from sessions)::text as used,
    (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0))::text as usable
  union all
  select 'the database', (select count(*) from sessions where datid = d.oid)::text, datconnlimit::text
  from pg_database d join pg_roles r on r.rolname = current_user and not r.rolsuper
  where datname = current_database() and datconnlimit >= 0
  union all
  select 'our user', (select count(*) from sessions where usesysid = r.oid)::text, rolconnlimit::text
  from pg_roles r where rolname = current_user and not rolsuper and rolconnlimit >= 0`;

const loadSql = `
  select ${seesOthers}, count(*)::text as active, (count(*) filter (where wait_event_type = 'Lock'))::text as waiting
  from pg_stat_activity
  where backend_type = 'client backend' and state = 'active'
    and not starts_with(application_name, ${quoteLiteral(applicationName)})`;

function loadFigures([row]: readonly AnswerRow[]): readonly Figure[] | 'unseen' {
  if (!row || row['seen'] === 'false') return 'unseen';
  const value = numberOf(row, 'active');
  const waiting = row['waiting'] === '0' ? '' : `, ${row['waiting']} of them waiting for locks`;
  return [{ value, words: `is busy with ${value} sessions of others${waiting}` }];
}

export const postgresProbes: readonly Probe[] = [
  { what: 'replication-lag', sql: [lagSql], figures: lagFigures },
  { what: 'connections', sql: [connectionsSql], figures: connectionFigures },
  { what: 'load', sql: [loadSql], figures: loadFigures },
];
