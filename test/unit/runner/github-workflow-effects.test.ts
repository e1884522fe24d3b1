import { expect, it } from 'vitest'
import {
  checkGithubWorkflow,
  mendGithubWorkflow,
  writeGithubWorkflow,
} from '../../../runner/github-workflow.ts'
import { definitionsOf, LISTS } from '../../helpers/github-workflow.ts'

const ACTION = 'codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9'
const TRIAGE = { triage: `on: issues\npermissions: { comment: 1, label: triage/* }\n${LISTS}` }
const PLAIN = { triage: `on: issues\npermissions: { issues: write }\n${LISTS}` }

const written = async (workflows: Readonly<Record<string, string>>) =>
  (await writeGithubWorkflow(definitionsOf(workflows), ACTION)).text
const messages = (text: string, workflows: Readonly<Record<string, string>>) =>
  checkGithubWorkflow(text, definitionsOf(workflows)).map(({ message }) => message)
const mended = async (text: string, workflows: Readonly<Record<string, string>>) =>
  (await mendGithubWorkflow(text, definitionsOf(workflows))).text

it('a definition that declares effects gets a job that carries them out', async () => {
  const text = await written(TRIAGE)
  expect(messages(text, TRIAGE)).toEqual([])
  expect(text.slice(text.indexOf('\n  run:'))).toMatchInlineSnapshot(`
    "
      run:
        name: Run
        if: github.event_name != 'pull_request' && github.event_name != 'pull_request_review'
        runs-on: ubuntu-24.04
        timeout-minutes: 30
        permissions:
          contents: write # the branch codemie/runs
          issues: write
        concurrency:
          # What comes for the same pull request or by the same schedule waits for the run before it. Of several that wait GitHub
          # keeps the newest, so that everything else has a group of its own.
          group: codemie-run-\${{ github.event_name }}-\${{ github.event.action }}-\${{ github.event.pull_request.number || github.event.schedule || github.run_id }}
          # A run that spends money is not thrown away halfway.
          cancel-in-progress: false
        steps:
          - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
            with:
              fetch-depth: 0 # for workflows that read the history
              persist-credentials: false
          - id: codemie
            uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
            with:
              mode: events
              push: true
              token: \${{ github.token }} # for the record and the answer; steps of workflows never see it
          - if: always() && steps.codemie.outputs.artifact != ''
            uses: actions/upload-artifact@bbbca2ddaa5d8feaa63e36b76fdaad77386f024f # v7.0.0
            with:
              name: codemie-ci-run-\${{ github.run_attempt }} # codemie-publish.yml takes it
              path: \${{ steps.codemie.outputs.artifact }}
              retention-days: 7
        outputs:
          effects: \${{ steps.codemie.outputs.effects }}

      effects:
        # Carries out what the runs have proposed and their definitions allow, with a token that no step of a workflow sees.
        name: Effects
        needs: run
        if: \${{ !cancelled() && needs.run.outputs.effects != '' }}
        runs-on: ubuntu-24.04
        timeout-minutes: 10
        permissions:
          contents: write # what became of each proposal goes into the record
          issues: write
          pull-requests: write
        steps:
          - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
            with:
              persist-credentials: false
          - uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9
            with:
              mode: effects
              run: \${{ needs.run.outputs.effects }}
              token: \${{ github.token }}
    "
  `)
})

it('levels of GitHub are no effects', async () => {
  expect(await written(PLAIN)).not.toContain('mode: effects')
})

it('a file from before gets it, and everything else of it stays', async () => {
  const before = await written(PLAIN)
  expect(messages(before, TRIAGE)).toEqual(["No job carries out what 'triage' may write to GitHub"])
  const after = await mended(before, TRIAGE)
  expect(messages(after, TRIAGE)).toEqual([])
  const added = new Set(before.split('\n'))
  expect(after.split('\n').filter((line) => !added.has(line))).toMatchInlineSnapshot(`
    [
      "    outputs:",
      "      effects: \${{ steps.codemie.outputs.effects }}",
      "  effects:",
      "    # Carries out what the runs have proposed and their definitions allow, with a token that no step of a workflow sees.",
      "    name: Effects",
      "    needs: run",
      "    if: \${{ !cancelled() && needs.run.outputs.effects != '' }}",
      "      contents: write # what became of each proposal goes into the record",
      "      pull-requests: write",
      "      - uses: codemie/codemie-ci/action@0123456789abcdef0123456789abcdef01234567 # v9.9.9",
      "          mode: effects",
      "          run: \${{ needs.run.outputs.effects }}",
    ]
  `)
  expect(before.split('\n').filter((line) => !after.split('\n').includes(line))).toEqual([])
})

it.each([
  [
    'a permission that a new kind takes',
    (text: string) => text,
    { triage: `on: issues\npermissions: { comment: 1, status: codemie/* }\n${LISTS}` },
    ["The job 'effects' lacks the permission 'statuses: write'"],
  ],
  [
    'an output that somebody took away',
    (text: string) => text.replace(/ {4}outputs:\n.*\n/, ''),
    TRIAGE,
    ["The job 'run' does not hand on which runs have proposals"],
  ],
  [
    'a job that somebody does not want, and says so',
    (text: string) => text.replace(/\n {2}effects:\n[\s\S]*$/, '\n# no mode: effects here\n'),
    TRIAGE,
    [],
  ],
])('%s', async (_, change, workflows, expected) => {
  const text = change(await written(TRIAGE))
  expect(messages(text, workflows)).toEqual(expected)
  expect(messages(await mended(text, workflows), workflows)).toEqual([])
})
