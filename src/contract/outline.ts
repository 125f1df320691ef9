/** What a workflow needs to know of a plan: names and order, no rules. Made by an activity from the plan itself. */
export interface PlanOutline {
  readonly plan: string;
  readonly title: string;
  /** in an order that respects every dependency */
  readonly steps: readonly StepOutline[];
}
export interface StepOutline {
  readonly step: string;
  readonly table: string;
  readonly label: string;
  /** steps whose rows its rows refer to: it cannot stand without them */
  readonly dependsOn: readonly string[];
  /** steps that must be over before it starts: those it depends on, and those whose rows it only looks for */
  readonly waitsFor: readonly string[];
}

/** Names one run to every activity. */
export interface RunRef {
  /** the workflow id, which is the run's name in the target's own tables */
  readonly run: string;
  readonly plan: string;
  /** ISO 8601: the start of the run, the same for all its rows */
  readonly startedAt: string;
}
