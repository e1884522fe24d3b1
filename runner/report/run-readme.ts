import type { EffectDigest } from '../effects/digest.ts'
import type { Ask, RunStatus, ServerTools } from '../events.ts'
import type { Usage } from '../models/model.ts'
import type { LinkRule } from '../policy/links.ts'
import type { RunDigest, StepDigest } from '../store/digest-run.ts'
import type { RecordTrust, RunManifest } from '../store/manifest.ts'
import { ceilingLine } from './ceiling-words.ts'
import { cost, duration } from './figures.ts'
import { fenced, inlineText, neutraliseMarkdown } from './neutralise.ts'
import { count, grouped } from './plain-text.ts'
import { describeSaid, digestOption } from './said-words.ts'
import { commandsOfShards, describeShards } from './shard-words.ts'
import { isTimed, timingOf } from './step-timing.ts'

/** Rows of the table of steps; a map can have thousands. */
const MAX_STEP_ROWS = 100

/**
 * The page of one run: `README.md` in its folder, which a forge shows when the folder is opened. What models wrote is
 * shown as text: see {@link neutraliseMarkdown}.
 *
 * @param graph the workflow in Mermaid's language; `undefined`: no drawing.
 */
export function renderRunReadme(manifest: RunManifest, digest: RunDigest, graph?: string): string {
  const sections = [
    `# ${inlineText(manifest.workflow.name)}: ${STATUS_WORDS[manifest.status]}`,
    facts(manifest),
    result(digest),
    failure(manifest, digest),
    steps(digest.steps, digest.models.length > 1),
    timing(manifest, digest),
    said(digest),
    effects(digest),
    warnings(digest),
    graph === undefined || graph.trim() === '' ? undefined : `## Graph\n\n${fenced(graph, 'mermaid')}`,
    `## How to go on\n\n${howToGoOn(manifest, digest)}`,
  ]
  return `${sections.filter((section) => section !== undefined).join('\n\n')}\n`
}

const STATUS_WORDS: Readonly<Record<RunStatus, string>> = {
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  paused: 'waiting',
  interrupted: 'interrupted',
  aborted: 'aborted',
  'budget-exceeded': 'stopped by its budget',
}

/** What people have to know of a record that no trusted job wrote, as plain words. */
export const TRUST_WORDS: Readonly<Record<RecordTrust, string>> = {
  'untrusted-fork':
    'not trusted: a job about a pull request of a fork wrote it, and nobody can tell whether it happened like this',
  'untrusted-dependabot':
    'not trusted: a job of Dependabot wrote it, and nobody can tell whether it happened like this',
}

function facts(manifest: RunManifest): string {
  const { repository, trigger, workflow } = manifest
  const changed = repository.changedFiles === 0 ? '' : `, ${count(repository.changedFiles, 'changed file')}`
  const checkedOut =
    repository.commit === undefined
      ? `none yet${changed}`
      : `${code(repository.commit.slice(0, 12))} on ${repository.branch === undefined ? 'a detached head' : code(repository.branch)}${changed}`
  const rows: (readonly [string, string | undefined])[] = [
    ['Run', code(manifest.id)],
    ['Workflow', `${code(workflow.file)} (${code(workflow.blob.slice(0, 12))})${takenFrom(workflow)}`],
    ['Commit', checkedOut],
    ['Started', moment(manifest.startedAt)],
    ['Took', manifest.finishedAt === undefined ? undefined : duration(manifest.durationMs)],
    ['Started by', startedBy(manifest.actor?.name, trigger.event)],
    ['Repeats', repeats(manifest.origin)],
    ['Models', manifest.models.length === 0 ? undefined : manifest.models.map(code).join(', ')],
    ['MCP servers', manifest.mcpServers?.map(serverWords).join(', ')],
    ['Tokens', tokens(manifest.usage)],
    ['Cost', cost(manifest)],
    ['At most', manifest.ceiling && ceilingLine(manifest.ceiling)],
    ['Trust', manifest.trust && TRUST_WORDS[manifest.trust]],
    ['CI job', manifest.ciUrl === undefined ? undefined : `<${manifest.ciUrl.replace(/[<>\s]/g, '')}>`],
  ]
  const lines = rows.flatMap(([name, value]) => (value === undefined ? [] : [`| ${name} | ${value} |`]))
  return ['| | |', '|---|---|', ...lines].join('\n')
}

function serverWords({ server, tools, sha256 }: ServerTools): string {
  return `${code(server)} (${count(tools, 'tool')}, ${code(sha256.slice(0, 12))})`
}

function takenFrom({ revision, earlier = [] }: RunManifest['workflow']): string {
  if (revision === undefined) return ''
  const what = earlier.length === 0 ? '' : ', in the beginning'
  return ` as of commit ${code(revision.slice(0, 12))}${what}`
}

function startedBy(actor: string | undefined, event: string): string {
  const how = event === 'manual' ? 'by hand' : `on ${code(event)}`
  return actor === undefined ? how : `${inlineText(actor)}, ${how}`
}

function repeats(origin: RunManifest['origin']): string | undefined {
  if (origin === undefined) return undefined
  return `${code(origin.run)}${origin.from === undefined ? '' : `, from ${code(origin.from)}`}`
}

function result(digest: RunDigest): string | undefined {
  if (digest.output === undefined || digest.output.trim() === '') return undefined
  return `## Result\n\n${renderOutput(digest.output)}`
}

/**
 * An output for people: text as Markdown; a JSON object that has one text and nothing else as that text; other JSON
 * indented in a fence.
 *
 * @param isAllowed as of `neutraliseMarkdown`.
 */
export function renderOutput(output: string, isAllowed?: LinkRule): string {
  if (!/^\s*[[{]/.test(output)) return neutraliseMarkdown(output.trim(), isAllowed)
  let value: unknown
  try {
    value = JSON.parse(output)
  } catch {
    return neutraliseMarkdown(output.trim(), isAllowed)
  }
  const members =
    value === null || typeof value !== 'object' || Array.isArray(value) ? [] : Object.values(value)
  const [only] = members
  if (members.length === 1 && typeof only === 'string') return neutraliseMarkdown(only.trim(), isAllowed)
  return fenced(JSON.stringify(value, undefined, 2), 'json')
}

function failure(manifest: RunManifest, digest: RunDigest): string | undefined {
  const failed = digest.steps.filter((step) => step.status === 'failed')
  if (manifest.failure === undefined && failed.length === 0) return undefined
  const lines: string[] = []
  if (manifest.failure !== undefined) {
    lines.push(`**${code(manifest.failure.code)}**: ${inlineText(manifest.failure.message)}`)
    if (manifest.failure.help !== undefined)
      lines.push('', `What to do: ${inlineText(manifest.failure.help)}`)
  }
  const places = failed.slice(0, 20).map((step) => {
    const last = step.attempts.at(-1)
    const why = last?.failure === undefined ? 'failed' : inlineText(last.failure.message)
    return `- step ${code(step.path)}, attempt ${last?.attempt ?? 1}: ${why}`
  })
  if (places.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...places)
  if (failed.length > 20) lines.push(`- and ${failed.length - 20} more`)
  return `## What failed\n\n${lines.join('\n')}`
}

/** `isMixed`: several models answered, so each step says which. */
function steps(all: readonly StepDigest[], isMixed: boolean): string | undefined {
  if (all.length === 0) return undefined
  const rows = all.slice(0, MAX_STEP_ROWS).map((step) => {
    const last = step.attempts.at(-1)
    const tried = step.attempts.length > 1 ? `${step.status}, ${step.attempts.length} attempts` : step.status
    const took = step.attempts.reduce((sum, attempt) => sum + (attempt.durationMs ?? 0), 0)
    const cells = [
      code(step.path),
      tried,
      last === undefined ? '' : duration(took),
      tokens(last?.usage) ?? '',
      (last === undefined ? undefined : cost(last)) ?? '',
      ...(isMixed
        ? [[...new Set(step.attempts.flatMap(({ models = [] }) => models))].map(code).join(', ')]
        : []),
    ]
    return `| ${cells.join(' | ')} |`
  })
  const left = all.length - rows.length
  if (left > 0) rows.push(`| and ${left} more | | | | |${isMixed ? ' |' : ''}`)
  return [
    '## Steps',
    '',
    `| Step | Status | Took | Tokens | Cost |${isMixed ? ' Models |' : ''}`,
    `|---|---|---:|---:|---:|${isMixed ? '---|' : ''}`,
    ...rows,
  ].join('\n')
}

/** As octomind says it, for its workflows. */
function timing({ workflow }: RunManifest, digest: RunDigest): string | undefined {
  const lines = isTimed(workflow.file) ? timingOf(workflow.name, digest) : []
  return lines.length === 0 ? undefined : `## Timing\n\n${fenced(lines.join('\n'), 'text')}`
}

function said(digest: RunDigest): string | undefined {
  if (digest.said.length === 0) return undefined
  const lines = digest.said.slice(-20).map(({ at, what, about, text, edit, by }) => {
    const who = by === undefined ? 'Somebody' : inlineText(by.name)
    const words = text === undefined ? '' : `: ${inlineText(text)}`
    const edited = edit === undefined ? '' : ', with an output of their own'
    return `- ${moment(at)}: ${who} ${describeSaid({ what, about }, code)}${edited}${words}`
  })
  return `## What people said\n\n${lines.join('\n')}`
}

function effects(digest: RunDigest): string | undefined {
  if (digest.effects.length === 0) return undefined
  return `## What it asked to write\n\n${digest.effects.map((one) => `- ${effectLine(one)}`).join('\n')}`
}

/** A proposal and what became of it, as one line of Markdown. */
export function effectLine({ about, step, refused, result }: EffectDigest): string {
  const fate =
    refused === undefined
      ? result
        ? resultWords(result)
        : 'not carried out yet'
      : `refused: ${inlineText(refused)}`
  return `${inlineText(about)} (${code(step)}): ${fate}`
}

function resultWords({ status, url, why }: NonNullable<EffectDigest['result']>): string {
  const more =
    url === undefined
      ? why === undefined
        ? ''
        : `: ${inlineText(why)}`
      : `: <${url.replace(/[<>\s]/g, '')}>`
  return `${status}${more}`
}

function warnings(digest: RunDigest): string | undefined {
  if (digest.warnings.length === 0) return undefined
  const lines = digest.warnings.slice(0, 20).map((one) => {
    const place = [one.path, one.position].filter((part) => part !== undefined).map(code)
    return `- ${place.length === 0 ? '' : `${place.join(' at ')}: `}${inlineText(one.message)} (${code(one.code)})`
  })
  if (digest.warnings.length > 20) lines.push(`- and ${digest.warnings.length - 20} more`)
  return `## Warnings\n\n${lines.join('\n')}`
}

function howToGoOn(manifest: RunManifest, digest: RunDigest): string {
  const lines: string[] = []
  if (digest.shards) {
    const { shard, join } = commandsOfShards(manifest.id, digest.shards)
    lines.push(
      `The run waits for ${inlineText(describeShards(digest.shards))}. ${code(shard)} does one of them, and ${code(join)} goes on when all are done.`,
    )
  } else if (manifest.status === 'paused') {
    const held = digest.heldBefore.map(code).join(', ')
    lines.push(
      digest.needsApproval
        ? `The run waits for an approval of ${held}: \`codemie-ci approve ${manifest.id}${digestOption(digest.asks)}\`, or \`codemie-ci reject ${manifest.id}\`.`
        : `The run waits before ${held === '' ? 'its next step' : held}. Let it go on with \`codemie-ci resume ${manifest.id}\`.`,
    )
    lines.push(...renderAsks(digest.asks))
  } else if (manifest.trust === undefined && !['succeeded', 'running', 'aborted'].includes(manifest.status)) {
    lines.push(`Finished steps are kept: \`codemie-ci resume ${manifest.id}\` goes on after them.`)
  }
  if (lines.length === 0) lines.push(`Read it in a terminal: \`codemie-ci show ${manifest.id}\`.`)
  return lines.join('\n\n')
}

const MOST_ASKS = 10
/** Characters shown of what a step would do. */
const LONGEST_TASK = 4000

/** What a yes is asked for, as paragraphs of Markdown. */
export function renderAsks(asks: readonly Ask[]): readonly string[] {
  const left = asks.length - MOST_ASKS
  return [...asks.slice(0, MOST_ASKS).map(askedFor), ...(left > 0 ? [`And ${left} more.`] : [])]
}

function askedFor({ path, task, digest }: Ask): string {
  const cut = task.length > LONGEST_TASK ? `${task.slice(0, LONGEST_TASK)}…` : task
  return `What ${code(path)} would do (${code(digest.slice(0, 12))}):\n\n${fenced(cut, 'text')}`
}

function code(text: string): string {
  const clean = text.replace(/[\s|]+/g, ' ').trim()
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length))
  const mark = '`'.repeat(longest + 1)
  return longest === 0 ? `${mark}${clean}${mark}` : `${mark} ${clean} ${mark}`
}

function moment(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`
}

function tokens(usage: Usage | undefined): string | undefined {
  if (usage === undefined) return undefined
  return `${grouped(usage.inputTokens)} in, ${grouped(usage.outputTokens)} out`
}
