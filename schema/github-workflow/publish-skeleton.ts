import { CHECKOUT } from './skeleton.ts'

/** Name of the GitHub workflow whose runs are followed, as `skeleton` writes it. */
export const FOLLOWED = 'codemie'

/**
 * The GitHub workflow that follows the runs of the other one, for pull requests of forks and of Dependabot, whose jobs may only
 * read. It is a file of its own, for a workflow that follows itself never ends.
 *
 * @param action what stands after `uses:`, with the comment behind it.
 */
export function publishSkeleton(action: string): string {
  return `# Puts up what jobs of codemie.yml about pull requests of forks and of Dependabot left, which may only read. GitHub takes this
# file from the default branch, and nothing of a pull request is checked out or executed here: keep it so.
name: codemie publish

on:
  workflow_run: # zizmor: ignore[dangerous-triggers] the checkout is the default branch, and the artifact is only data
    workflows: [${FOLLOWED}]
    types: [completed]

# Nothing by default; the job asks for what it needs.
permissions: {}

jobs:
  publish:
    name: Publish
    # Saves jobs about other runs; whose run it was is asked of GitHub.
    if: >-
      github.event.workflow_run.event == 'pull_request' &&
      (github.event.workflow_run.head_repository.fork || startsWith(github.event.workflow_run.head_branch, 'dependabot/'))
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      actions: read # the run, and what it left
      contents: write # the branch codemie/runs
      pull-requests: write # the comment
    steps:
      - uses: ${CHECKOUT}
        with:
          persist-credentials: false
      - uses: ${action}
        with:
          mode: publish
          token: \${{ github.token }}
`
}
