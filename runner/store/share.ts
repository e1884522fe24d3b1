import type { StoreContext } from './context.ts'
import { slugOf } from './file-name.ts'
import { readRun } from './read-run.ts'
import { fetchedBranch, RUNS_BRANCH } from './refs.ts'
import { fetchRefs } from './remote-refs.ts'
import { runPath } from './run-id.ts'
import { type SharedFolder, shareLink } from './share-link.ts'

/** Where people find a record, or why there is no such place. */
export type Shared =
  | ({ readonly link: string } & SharedFolder)
  | { readonly link?: undefined; readonly why: string; readonly help: string }

/** Finds the record of a run on the remote. Fetches its branch, so that the answer is that of now. */
export async function share(context: StoreContext, id: string): Promise<Shared> {
  const remote = await context.elsewhere()
  if (remote === undefined) {
    return {
      why: 'This repository has no remote that records are pushed to',
      help: 'Name one as results.remote in .codemie/config.yaml.',
    }
  }
  const ref = fetchedBranch(remote.name)
  await fetchRefs(remote.git, remote, [`+${RUNS_BRANCH}:${ref}`]).catch(() => {})
  const { workflow } = (await readRun(context, id)).manifest
  const path = runPath(slugOf(workflow.id), id)
  // The commit that put it there: retention takes folders from the tip, and never out of a commit.
  const found = await remote.git.run({
    args: ['log', '--max-count=1', '--diff-filter=AM', '--format=%H', ref, '--', `${path}/run.json`],
    okCodes: [0, 128],
  })
  const commit = found.stdout.toString().trim()
  if (commit === '') {
    return {
      why: `Run ${id} is not on codemie/runs of ${remote.name} (${remote.shownUrl})`,
      help: 'For a link push it: `codemie-ci sweep --push` for a run whose record waits, `codemie-ci rerun <run> --push` for one that was recorded without.',
    }
  }
  const link = shareLink(remote.shownUrl, { commit, path })
  return link === undefined
    ? {
        why: `${remote.shownUrl} has no pages to link to`,
        help: `\`git show ${commit.slice(0, 12)}:${path}/README.md\` shows the record to whoever has the repository.`,
      }
    : { link, commit, path }
}
