CREATE TABLE "migration"."own_writes" (
	"run" text NOT NULL,
	"step" text NOT NULL,
	"xid" bigint NOT NULL,
	CONSTRAINT "own_writes_run_step_xid_pk" PRIMARY KEY("run","step","xid")
);
--> statement-breakpoint
ALTER TABLE "migration"."chunks" ADD COLUMN "xids" bigint[];--> statement-breakpoint
ALTER TABLE "migration"."ranges" ADD COLUMN "kind" text DEFAULT 'key' NOT NULL;--> statement-breakpoint
ALTER TABLE "migration"."runs" ADD COLUMN "fingerprint_xid" bigint;--> statement-breakpoint
ALTER TABLE "migration"."runs" ADD COLUMN "continued_by" text;