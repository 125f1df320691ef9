CREATE SCHEMA IF NOT EXISTS "migration";
--> statement-breakpoint
CREATE TABLE "migration"."audit" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "migration"."audit_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"run" text,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"reason" text,
	"outcome" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "migration"."check_results" (
	"run" text NOT NULL,
	"check" text NOT NULL,
	"title" text NOT NULL,
	"severity" text NOT NULL,
	"looked" bigint NOT NULL,
	"failed" bigint NOT NULL,
	"examples" text[] NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "check_results_run_check_pk" PRIMARY KEY("run","check")
);
--> statement-breakpoint
CREATE TABLE "migration"."checkpoints" (
	"run" text NOT NULL,
	"name" text NOT NULL,
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "checkpoints_run_name_pk" PRIMARY KEY("run","name")
);
--> statement-breakpoint
CREATE TABLE "migration"."chunks" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"source_table" text NOT NULL,
	"range" integer NOT NULL,
	"chunk" integer NOT NULL,
	"first_key" text[] NOT NULL,
	"last_key" text[] NOT NULL,
	"read" integer NOT NULL,
	"migrated" integer NOT NULL,
	"merged" integer NOT NULL,
	"rejected" integer NOT NULL,
	"warnings" integer NOT NULL,
	"checksum" bigint NOT NULL,
	"bytes" integer NOT NULL,
	"committed_at" timestamp with time zone DEFAULT now() NOT NULL,
	"verified_at" timestamp with time zone,
	"differences" integer,
	CONSTRAINT "chunks_run_step_source_table_range_chunk_pk" PRIMARY KEY("run","step","source_table","range","chunk")
);
--> statement-breakpoint
CREATE TABLE "migration"."decisions" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"source_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"kind" text NOT NULL,
	"other_table" text NOT NULL,
	"other_id" text NOT NULL,
	"rule" text NOT NULL,
	CONSTRAINT "decisions_run_step_source_table_legacy_id_pk" PRIMARY KEY("run","step","source_table","legacy_id")
);
--> statement-breakpoint
CREATE TABLE "migration"."deferred_objects" (
	"run" text NOT NULL,
	"target_table" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"definition" text NOT NULL,
	"rebuilt_at" timestamp with time zone,
	CONSTRAINT "deferred_objects_run_target_table_name_pk" PRIMARY KEY("run","target_table","name")
);
--> statement-breakpoint
CREATE TABLE "migration"."differences" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"legacy_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"target_id" text,
	"column_name" text,
	"kind" text NOT NULL,
	"what" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "migration"."ensured" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"target_table" text NOT NULL,
	"target_id" text NOT NULL,
	CONSTRAINT "ensured_run_target_table_target_id_pk" PRIMARY KEY("run","target_table","target_id")
);
--> statement-breakpoint
CREATE TABLE "migration"."lineage" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"source_table" text NOT NULL,
	"range" integer NOT NULL,
	"chunk" integer NOT NULL,
	"target_table" text NOT NULL,
	"target_uuids" uuid[],
	"target_bigints" bigint[],
	"target_texts" text[],
	"legacy_keys" text[],
	"kept" jsonb[],
	CONSTRAINT "lineage_run_step_source_table_range_chunk_pk" PRIMARY KEY("run","step","source_table","range","chunk")
);
--> statement-breakpoint
CREATE TABLE "migration"."links" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"legacy_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"target_id" text NOT NULL,
	"column_name" text NOT NULL,
	"other_legacy_id" text NOT NULL,
	"resolved" boolean
);
--> statement-breakpoint
CREATE TABLE "migration"."merges" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"legacy_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"target_table" text NOT NULL,
	"target_id" text NOT NULL,
	"rule" text NOT NULL,
	"code" text,
	CONSTRAINT "merges_run_legacy_table_legacy_id_pk" PRIMARY KEY("run","legacy_table","legacy_id")
);
--> statement-breakpoint
CREATE TABLE "migration"."ranges" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"source_table" text NOT NULL,
	"range" integer NOT NULL,
	"lower" text[],
	"upper" text[],
	"rows" bigint NOT NULL,
	"done_at" timestamp with time zone,
	"verified_at" timestamp with time zone,
	CONSTRAINT "ranges_run_step_source_table_range_pk" PRIMARY KEY("run","step","source_table","range")
);
--> statement-breakpoint
CREATE TABLE "migration"."rejects" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "migration"."rejects_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"run" text NOT NULL,
	"step" text NOT NULL,
	"source_table" text NOT NULL,
	"range" integer NOT NULL,
	"chunk" integer NOT NULL,
	"legacy_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"code" text NOT NULL,
	"codes" text[] NOT NULL,
	"column_name" text,
	"reason" text NOT NULL,
	"original" jsonb,
	"original_bytes" "bytea",
	"at" timestamp with time zone DEFAULT now() NOT NULL,
	"resolved_at" timestamp with time zone,
	"resolution" text
);
--> statement-breakpoint
CREATE TABLE "migration"."runs" (
	"run" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"plan" text NOT NULL,
	"mode" text NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"input" jsonb NOT NULL,
	"fingerprint" jsonb,
	"backup" text,
	"report" text
);
--> statement-breakpoint
CREATE TABLE "migration"."step_states" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"position" integer NOT NULL,
	"target_table" text NOT NULL,
	"state" text NOT NULL,
	"source" bigint,
	"before" bigint,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"differences" bigint,
	CONSTRAINT "step_states_run_step_pk" PRIMARY KEY("run","step")
);
--> statement-breakpoint
CREATE TABLE "migration"."warnings" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"legacy_table" text NOT NULL,
	"legacy_id" text NOT NULL,
	"column_name" text NOT NULL,
	"reason" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "migration"."chunks" ADD CONSTRAINT "chunks_run_step_source_table_range_ranges_run_step_source_table_range_fk" FOREIGN KEY ("run","step","source_table","range") REFERENCES "migration"."ranges"("run","step","source_table","range") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "migration"."ranges" ADD CONSTRAINT "ranges_run_step_step_states_run_step_fk" FOREIGN KEY ("run","step") REFERENCES "migration"."step_states"("run","step") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "migration"."step_states" ADD CONSTRAINT "step_states_run_runs_run_fk" FOREIGN KEY ("run") REFERENCES "migration"."runs"("run") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_at" ON "migration"."audit" USING btree ("at");--> statement-breakpoint
CREATE INDEX "decisions_other" ON "migration"."decisions" USING btree ("run","step","other_table","other_id");--> statement-breakpoint
CREATE INDEX "differences_run_step" ON "migration"."differences" USING btree ("run","step");--> statement-breakpoint
CREATE INDEX "links_run_step" ON "migration"."links" USING btree ("run","step");--> statement-breakpoint
CREATE INDEX "merges_target" ON "migration"."merges" USING btree ("run","target_table","target_id");--> statement-breakpoint
CREATE INDEX "rejects_run_step" ON "migration"."rejects" USING btree ("run","step");--> statement-breakpoint
CREATE INDEX "rejects_legacy" ON "migration"."rejects" USING btree ("run","legacy_table","legacy_id");--> statement-breakpoint
CREATE UNIQUE INDEX "runs_one_open" ON "migration"."runs" USING btree ((ended_at is null)) WHERE ended_at is null;--> statement-breakpoint
CREATE INDEX "runs_started_at" ON "migration"."runs" USING btree ("started_at");--> statement-breakpoint
CREATE INDEX "warnings_run_step" ON "migration"."warnings" USING btree ("run","step");--> statement-breakpoint
CREATE VIEW "migration"."steps" AS (select s.run, s.step, s.target_table, s.state, s.source,
        coalesce(c.read, 0)::bigint as read, coalesce(c.migrated, 0)::bigint as migrated,
        coalesce(c.merged, 0)::bigint as merged, coalesce(c.rejected, 0)::bigint as rejected,
        coalesce(c.warnings, 0)::bigint as warnings, s.differences, s.position, s.started_at, s.ended_at
      from migration.step_states s
      left join (
        select run, step, sum(read) as read, sum(migrated) as migrated, sum(merged) as merged,
          sum(rejected) as rejected, sum(warnings) as warnings
        from migration.chunks group by run, step
      ) c using (run, step));