CREATE TABLE "migration"."catch_ups" (
	"run" text NOT NULL,
	"number" integer NOT NULL,
	"step" text NOT NULL,
	"source_table" text,
	"range" integer,
	"chunk" integer,
	"inserted" bigint DEFAULT 0 NOT NULL,
	"updated" bigint DEFAULT 0 NOT NULL,
	"deleted" bigint DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"done_at" timestamp with time zone,
	CONSTRAINT "catch_ups_run_number_step_pk" PRIMARY KEY("run","number","step")
);
--> statement-breakpoint
ALTER TABLE "migration"."chunks" ADD COLUMN "refreshed_at" timestamp with time zone;