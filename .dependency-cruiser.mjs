/**
 * The arrows between the folders: who may import whom. `npx depcruise .` names every import that goes the wrong way;
 * test/architecture proves with a planted import for each rule that it would.
 */

const ours = '^(src|workflows|activities|test|scripts|worker[.]ts)';
const temporal = '^node_modules/@temporalio/';
const top = '^(worker[.]ts|src/(bench|cli|dashboard|servers|demo)/)';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Files that need each other are one file, or share a third.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-is-there',
      comment: 'A file that is not found cannot be held to any rule.',
      from: {},
      to: { couldNotResolve: true, path: '^[.]' },
    },
    {
      name: 'packages-are-listed',
      comment: 'A package that comes with another one can be gone tomorrow: name it in package.json.',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-tools-in-the-product',
      comment: 'Development dependencies are not there in production.',
      from: { path: ours, pathNot: '^(test|scripts)/|drizzle[.]config[.]ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm'] },
    },
    {
      name: 'no-tests-in-the-product',
      comment: 'Tests and scripts know the product, the product does not know them.',
      from: { path: ours, pathNot: '^(test|scripts)/' },
      to: { path: '^(test|scripts)/' },
    },
    {
      name: 'contract-is-the-ground',
      comment: 'What crosses a boundary depends on nothing of ours.',
      from: { path: '^src/contract/' },
      to: { path: ours, pathNot: '^src/contract/' },
    },
    {
      name: 'contract-is-plain-data',
      comment: 'The contract is part of workflow code: no I/O, and no package but zod.',
      from: { path: '^src/contract/' },
      to: { pathNot: [ours, '^node_modules/zod/'] },
    },
    {
      name: 'workflows-only-wire',
      comment:
        'Deterministic code: the contract, the types of the activities, and what Temporal gives workflows.',
      from: { path: '^workflows/' },
      to: {
        pathNot: [
          '^workflows/',
          '^src/contract/',
          '^activities/types[.]ts$',
          '^node_modules/@temporalio/(workflow|common)/',
        ],
      },
    },
    {
      name: 'activity-types-are-types',
      comment: 'Workflows import this file, and with it whatever it imports.',
      from: { path: '^activities/types[.]ts$' },
      to: { pathNot: '^src/contract/' },
    },
    {
      name: 'temporal-has-few-doors',
      comment:
        'Temporal is known to the worker, its workflows and activities, the client and the dev server alone.',
      from: { path: '^src/', pathNot: '^src/(client|servers)/' },
      to: { path: temporal },
    },
    {
      name: 'the-engine-is-below',
      comment: 'What moves, proves and keeps data knows nothing of what calls it.',
      from: { path: '^src/', pathNot: '^src/(bench|client|cli|dashboard|servers|demo)/' },
      to: { path: ['^(workflows|activities)/', '^src/client/', top] },
    },
    {
      name: 'activities-are-thin',
      comment: 'Activities call the engine and its neighbours, and are called by the worker alone.',
      from: { path: '^activities/' },
      to: { path: ['^workflows/', '^src/client/', top] },
    },
    {
      name: 'the-client-talks',
      comment: 'The client knows the contract and the configuration; data is moved elsewhere.',
      from: { path: '^src/client/' },
      to: { path: ours, pathNot: '^src/(client|contract|config)/' },
    },
    {
      name: 'operators-go-through-the-client',
      comment: 'Commands and dashboard reach runs through the client, and workers by starting them.',
      from: { path: '^src/(cli|dashboard)/' },
      to: { path: '^(workflows|activities)/|^worker[.]ts$' },
    },
    {
      name: 'the-dashboard-stands-alone',
      comment: 'Commands may start the dashboard, which knows no commands.',
      from: { path: '^src/dashboard/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'servers-stand-alone',
      comment: 'Starting real servers is a tool of its own.',
      from: { path: '^src/servers/' },
      to: { path: ours, pathNot: '^src/servers/' },
    },
    {
      name: 'the-demo-only-seeds',
      comment: 'The demo makes a legacy database, of which the product may know no more than of any other.',
      from: { path: '^src/demo/' },
      to: { path: ours, pathNot: '^src/(demo|contract|plan)/' },
    },
  ].map((rule) => ({ severity: 'error', ...rule })),

  options: {
    exclude: { path: '^dist' },
    doNotFollow: { path: '^node_modules/' },
    moduleSystems: ['es6'],
    // TypeScript 7 has no parser for others to use; Temporal's bundler brings this one along. It sees imports of
    // types too: an arrow is one whether it is there at run time or not.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
};
