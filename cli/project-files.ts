import { DEFINITIONS } from '../runner/project.ts'

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

/** Where `init` writes the workflow of a template, relative to the root of the repository. */
export function starterPath(id: string): string {
  return `${DEFINITIONS}/${id}.yaml`
}

/** Everything that `init` writes under `.codemie`, in the order in which it is reported. Pure. */
export function planProjectFiles(options: {
  /** The first workflow: the template it comes from, and its text. */
  readonly starter: { readonly id: string; readonly text: string }
  /** JSON Schemas as `codemie-ci schema` prints them. */
  readonly schemas: { readonly workflow: string; readonly config: string }
}): readonly ProjectFile[] {
  const { starter, schemas } = options
  const edited = (path: string, text: string): ProjectFile => ({ path, text, isGenerated: false })
  return [
    edited('.codemie/config.yaml', modeline('schema/config.schema.json') + CONFIG),
    edited(starterPath(starter.id), modeline('../schema/workflow.schema.json') + starter.text),
    { path: `${SCHEMA_FOLDER}/workflow.schema.json`, text: schemas.workflow, isGenerated: true },
    { path: `${SCHEMA_FOLDER}/config.schema.json`, text: schemas.config, isGenerated: true },
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
