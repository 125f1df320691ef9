/**
 * Makes dist: `node scripts/compile.mjs <hash of the sources>`. Everything is made beside it and moved to its place
 * at the end, so that dist is never half built and keeps nothing whose source is gone.
 */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { cp, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stampFile } from './dist.mjs';
import { root, run, tool } from './run.mjs';

const [sourceHash = ''] = process.argv.slice(2);
const dist = path.join(root, 'dist');
const unfinished = path.join(root, 'dist.unfinished');
const former = path.join(root, 'dist.former');

await rm(unfinished, { recursive: true, force: true });
try {
  const compiled = await run(tool('tsc'), ['-p', 'tsconfig.build.json', '--outDir', unfinished]);
  if (compiled === 0) {
    await Promise.all([bundleWorkflows(), copyWhatIsNotCode()]);
    await moveToPlace();
  }
  process.exitCode = compiled;
} finally {
  await rm(unfinished, { recursive: true, force: true });
}

/** Bundled here once, instead of by every worker as it starts. */
async function bundleWorkflows() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(root, 'workflows', 'index.ts'),
    payloadConverterPath: path.join(root, 'workflows', 'payload-converter.ts'),
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(path.join(unfinished, 'workflow-bundle.js'), code);
}

/** SQL and pages, which stand beside the code that reads them. */
async function copyWhatIsNotCode() {
  await cp(path.join(root, 'src'), path.join(unfinished, 'src'), {
    recursive: true,
    filter: async (source) => !source.endsWith('.ts') || (await stat(source)).isDirectory(),
  });
}

async function moveToPlace() {
  await writeFile(path.join(unfinished, stampFile), sourceHash);
  await rm(former, { recursive: true, force: true });
  await rename(dist, former).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(unfinished, dist);
  await rm(former, { recursive: true, force: true });
}
