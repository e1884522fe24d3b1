/** Commit of actions/checkout v7.0.0. */
export const CHECKOUT = 'actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0'

/** Commit of actions/upload-artifact v7.0.0. */
const UPLOAD = 'actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0'

/** The step that hands on what a job about a pull request of a stranger may not say itself; for any other there is nothing. */
function handOn(job: string): string {
  return `      - if: always() && steps.codemie.outputs.artifact != ''
        uses: ${UPLOAD}
        with:
          name: codemie-ci-${job}-\${{ github.run_attempt }} # codemie-publish.yml takes it
          path: \${{ steps.codemie.outputs.artifact }}
          retention-days: 7`
}

/**
 * A GitHub workflow with both jobs, in which nothing starts them yet: what the definitions ask for is put in as it is put
 * into a file that people changed.
 *
 * @param action what stands after `uses:`, with the comment behind it.
 */
export function skeleton(action: string): string {
  return `# Starts the workflows of .codemie/workflows and reviews changes of them. \`codemie-ci init\` takes the events from what the
# definitions say under \`on\`: change them there, then type \`codemie-ci init --update\`. It keeps what you add here:
# comments, jobs, variables, runners.
name: codemie

on:

# Nothing by default; each job asks for what it needs.
permissions: {}

jobs:
  review:
    name: Review
    if: contains(fromJSON('["pull_request", "pull_request_review", "merge_group"]'), github.event_name)
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
      pull-requests: write # the comment that says what a change means
    concurrency:
      group: codemie-review-\${{ github.event.pull_request.number || github.ref }}
      cancel-in-progress: true
    steps:
      - uses: ${CHECKOUT}
        with:
          fetch-depth: 0 # the definitions before the change, too
          persist-credentials: false
      - id: codemie
        uses: ${action}
        with:
          mode: review
          token: \${{ github.token }}
${handOn('review')}

  run:
    name: Run
    if: github.event_name != 'pull_request' && github.event_name != 'pull_request_review'
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions:
      contents: write # the branch codemie/runs
    concurrency:
      # What comes for the same pull request or by the same schedule waits for the run before it. Of several that wait GitHub
      # keeps the newest, so that everything else has a group of its own.
      group: codemie-run-\${{ github.event_name }}-\${{ github.event.action }}-\${{ github.event.pull_request.number || github.event.schedule || github.run_id }}
      # A run that spends money is not thrown away halfway.
      cancel-in-progress: false
    steps:
      - uses: ${CHECKOUT}
        with:
          fetch-depth: 0 # for workflows that read the history
          persist-credentials: false
      - id: codemie
        uses: ${action}
        with:
          mode: events
          push: true
          token: \${{ github.token }} # for the record and the answer; steps of workflows never see it
${handOn('run')}
`
}
