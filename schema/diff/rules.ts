import { CEILING_RULE } from './ceiling.ts'
import { GRAPH_RULES } from './compare.ts'
import { COLLECTIONS, CONFIG_ASPECTS } from './config-rules.ts'
import { FILE_ROWS } from './definitions.ts'
import { GUARD_RULE } from './guards.ts'
import { STATE_ASPECTS } from './state-rules.ts'
import { WORK_ASPECTS, WORK_KIND } from './work-rules.ts'
import { WORKFLOW_ASPECTS } from './workflow-rules.ts'

/** A kind of change, in words. */
export interface ChangeRule {
  readonly code: string
  /** What it is about, e.g. `budget in tokens`; several things with a comma between them. */
  readonly about: string
  /** Its class, or how that is told from the values. */
  readonly class: string
}

interface Row {
  readonly code: string
  readonly name: string
  readonly class: string | { readonly words: string }
}

/** Every kind of change, each code once: first those of the workflow, then those of states and of what they do. */
export const CHANGE_RULES: readonly ChangeRule[] = rulesOf([
  ...WORKFLOW_ASPECTS,
  ...Object.entries(GRAPH_RULES).map(([code, rule]) => ({ code, ...rule })),
  GUARD_RULE,
  ...STATE_ASPECTS,
  WORK_KIND,
  ...Object.values(WORK_ASPECTS).flat(),
])

/** Kinds of change of assistants, skills and templates beside those of workflows, and of whole files. */
export const FILE_RULES: readonly ChangeRule[] = rulesOf(FILE_ROWS)

/** What is told of a workflow beside what changed in its file. */
export const CEILING_RULES: readonly ChangeRule[] = rulesOf([CEILING_RULE])

/** Kinds of change of the configuration. */
export const CONFIG_RULES: readonly ChangeRule[] = rulesOf([
  ...CONFIG_ASPECTS,
  ...COLLECTIONS.flatMap(({ code, name, aspects, added = 'widening', removed = 'narrowing' }) => [
    { code: `${code}-added`, name: `${name} that came`, class: added },
    { code: `${code}-removed`, name: `${name} that went`, class: removed },
    ...aspects,
  ]),
])

function rulesOf(rows: readonly Row[]): readonly ChangeRule[] {
  return [...new Set(rows.map(({ code }) => code))].map((code) => {
    const group = rows.filter((row) => row.code === code)
    return {
      code,
      about: joined(group.map(({ name }) => name)),
      class: joined(group.map((row) => (typeof row.class === 'string' ? row.class : row.class.words))),
    }
  })
}

function joined(texts: readonly string[]): string {
  return [...new Set(texts)].join(', ')
}
