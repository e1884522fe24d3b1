import type { Starter } from './starter.ts'

/** A file that `init` writes. */
export interface ProjectFile {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string
  readonly text: string
  /** Made by a program and not to be edited: brought up to date even without `--force`. */
  readonly isGenerated: boolean
}

/** The first line that makes editors with a YAML language server complete and check a file. `path` leads there from the file. */
export function modeline(path: string): string {
  return `# yaml-language-server: $schema=${path}\n`
}

/** Where `init` keeps the schemas, for editors: they work offline and fit the version that wrote them. */
export const SCHEMA_FOLDER = '.codemie/schema'

/** Where `init` writes the workflow of a starter, relative to the root of the repository. */
export function starterPath(starter: Starter): string {
  return `.codemie/workflows/${starter.name}.yaml`
}

/** Everything that `init` writes for a starter, in the order in which it is reported. Pure. */
export function planProjectFiles(options: {
  readonly starter: Starter
  /** Of this program: the GitHub workflow uses the same. */
  readonly version: string
  readonly withGithub: boolean
  /** JSON Schemas as `codemie-ci schema` prints them. */
  readonly schemas: { readonly workflow: string; readonly config: string }
}): readonly ProjectFile[] {
  const { starter, version, withGithub, schemas } = options
  const edited = (path: string, text: string): ProjectFile => ({ path, text, isGenerated: false })
  return [
    edited('.codemie/config.yaml', modeline('schema/config.schema.json') + CONFIG),
    edited(starterPath(starter), modeline('../schema/workflow.schema.json') + starter.text),
    { path: `${SCHEMA_FOLDER}/workflow.schema.json`, text: schemas.workflow, isGenerated: true },
    { path: `${SCHEMA_FOLDER}/config.schema.json`, text: schemas.config, isGenerated: true },
    ...(withGithub ? [edited('.github/workflows/codemie.yml', githubWorkflow(starter, version))] : []),
  ]
}

const CONFIG = `# Settings of codemie-ci for this repository. Everything has a default: an empty file is fine.
# Secrets never stand here, only the names of the environment variables that hold them.

models:
  # Model of assistants that name none, as provider:model or bare for the default provider (openai).
  default: gpt-5-mini

# What tools of a workflow may do. Nothing outside this repository unless it is listed.
policy:
  http_allow_hosts: []
  commands: []

# Records of runs are kept on the branch codemie/runs, never in your working tree.
results:
  # always: every run also pushes its record to the remote.
  push: never
`

function githubWorkflow(starter: Starter, version: string): string {
  const secret = starter.needsModel
    ? `        env:
          OPENAI_API_KEY: \${{ secrets.OPENAI_API_KEY }}
`
    : ''
  return `# Runs workflows of .codemie/workflows. Written by codemie-ci init; yours to change.
name: codemie

on:
  workflow_dispatch:
    inputs:
      workflow:
        description: Workflow to run, by the name of its file
        default: ${starter.name}
        type: string
      inputs:
        description: Its inputs, as lines of key=value, as a JSON object, or as text
        default: ''
        type: string
  pull_request:
    paths: ['.codemie/**']

# Nothing by default; each job asks for what it needs.
permissions: {}

concurrency:
  group: codemie-\${{ github.event_name }}-\${{ github.ref }}
  # A run that spends money is not thrown away halfway.
  cancel-in-progress: false

jobs:
  validate:
    name: Validate
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-24.04
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
        with:
          persist-credentials: false
      # A release is published once and never moved; its commit is what git ls-remote prints for the tag.
      # Without the input workflow it only checks what is under .codemie/workflows.
      - uses: codemie/codemie-ci/action@v${version}

  run:
    name: Run
    if: github.event_name == 'workflow_dispatch'
    runs-on: ubuntu-24.04
    timeout-minutes: 30
    permissions:
      contents: write # the branch codemie/runs
    steps:
      - uses: actions/checkout@9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0 # v7.0.0
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: codemie/codemie-ci/action@v${version}
${secret}        with:
          workflow: \${{ inputs.workflow }}
          inputs: \${{ inputs.inputs }}
          push: 'true'
          token: \${{ github.token }} # pushes the record, and nothing else sees it
`
}
