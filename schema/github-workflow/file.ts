import type { Diagnostic } from '../diagnostic.ts'
import { readText, readTexts } from '../lax.ts'
import { childOf, entryOf, readYaml, type YamlDocument, type YamlMap, type YamlNode } from '../yaml.ts'
import { GITHUB_WORKFLOW_FILE } from './file-name.ts'
import { JOBS, type JobName } from './plan.ts'

/** A GitHub workflow as it was read: places in it, and the jobs of ours that it has. */
export interface GithubWorkflowFile {
  readonly document: YamlDocument
  readonly root: YamlMap
  readonly on: YamlNode | undefined
  /** By what they do; a job that a person took away is not there. */
  readonly jobs: Readonly<Partial<Record<JobName, OurJob>>>
}

/** A job with a step of this action. */
export interface OurJob {
  /** Its key under `jobs`. */
  readonly id: string
  readonly node: YamlNode
  /** Where the step stands in `steps`. */
  readonly step: number
}

/** Reads `.github/workflows/codemie.yml`. `undefined`: it is no GitHub workflow. */
export function readGithubWorkflow(text: string): GithubWorkflowFile | undefined {
  const document = readYaml(GITHUB_WORKFLOW_FILE, text)
  const { root } = document
  const jobs = childOf(root, 'jobs')
  if (root?.kind !== 'map' || jobs?.kind !== 'map') return undefined
  const found: Partial<Record<JobName, OurJob>> = {}
  for (const [id, { value: node }] of jobs.entries) {
    for (const name of Object.keys(JOBS) as JobName[]) {
      const step = stepsOf(node).findIndex((one) => isStepOf(JOBS[name], one))
      if (step >= 0) found[name] ??= { id, node, step }
    }
  }
  return { document, root, on: entryOf(root, 'on')?.value, jobs: found }
}

/** Why a text is no GitHub workflow, for one that {@link readGithubWorkflow} gave nothing for. */
export function problemOfGithubWorkflow(text: string): Diagnostic {
  const { diagnostics, at } = readYaml(GITHUB_WORKFLOW_FILE, text)
  const error = diagnostics.find(({ severity }) => severity === 'error')
  return {
    ...(error ?? at(0, 1)),
    code: 'github-workflow-unreadable',
    severity: 'warning',
    message: error
      ? `This is no GitHub workflow, so it is not compared with the definitions: ${error.message}`
      : "This is no GitHub workflow, so it is not compared with the definitions: it has no 'jobs'",
    help: 'Mend it, or let `codemie-ci init --force` write it anew',
  }
}

/** The steps of a job, whatever it is. */
export function stepsOf(job: YamlNode | undefined): readonly YamlNode[] {
  const steps = childOf(job, 'steps')
  return steps?.kind === 'seq' ? steps.items : []
}

/** The options of an event in any of the forms of `on`; `null`: it has none. `undefined`: the event is not there. */
export function optionsOf(on: YamlNode | undefined, event: string): YamlNode | null | undefined {
  if (on?.kind === 'map') return childOf(on, event)
  const names = on?.kind === 'seq' ? (readTexts(on) ?? []) : [readText(on)]
  return names.includes(event) ? null : undefined
}

/** Forks and copies of the action keep the end of its name. */
const OURS = /(?:^|\/)codemie-ci\/action(?:@|$)/

/** Whether a step is one of this action in a mode. */
export function isStepOf(mode: string, step: YamlNode): boolean {
  return (
    OURS.test(readText(childOf(step, 'uses')) ?? '') &&
    readText(childOf(childOf(step, 'with'), 'mode')) === mode
  )
}

/** Whether a file has no jobs but ours: others may live by schedules and inputs of their own. */
export function isOnlyOurs({ root, jobs }: GithubWorkflowFile): boolean {
  const all = childOf(root, 'jobs')
  const ours = new Set(Object.values(jobs).map(({ id }) => id))
  return all?.kind === 'map' && [...all.entries.keys()].every((id) => ours.has(id))
}

/** Whether words stand anywhere in a file, comments included. */
export function mentions({ document }: GithubWorkflowFile, words: string): boolean {
  const pattern = words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<!\\w)${pattern}(?!\\w)`).test(document.text)
}
