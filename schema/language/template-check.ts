import { templateGlobals } from './jinja/globals.ts'
import { checkSyntax, compileTemplate, DYNAMIC_ENGINE, SECURE_ENGINE } from './jinja/template.ts'
import { freeNames } from './jinja/variables.ts'
import type { LanguageProblem } from './problems.ts'
import { TemplateError } from './problems.ts'
import { findBreach, secureSource } from './secure.ts'

/** The two template engines of CodeMie: `dynamic` for tasks and arguments, `secure` for transforms and state processors. */
export type TemplateEngine = 'dynamic' | 'secure'

/** What is wrong with a template, without rendering it. A dynamic template that fails stays as written, so that is a warning. */
export function checkTemplate(text: string, engine: TemplateEngine): LanguageProblem[] {
  if (engine === 'dynamic')
    return checkSyntax(text, DYNAMIC_ENGINE).map((problem) => ({ ...problem, severity: 'warning' as const }))
  const source = secureSource(text)
  if (source === undefined) return []
  const breach = findBreach(text)
  return breach === undefined ? checkSyntax(source, SECURE_ENGINE) : [breach.problem]
}

const KNOWN = new Set(['self', 'loop'])

/**
 * The names that a template reads from its context, in order of appearance; names it sets itself and Jinja's own are left out.
 * Empty for a text that cannot be read.
 */
export function templateVariables(text: string, engine: TemplateEngine = 'dynamic'): string[] {
  const source = engine === 'dynamic' ? text : secureSource(text)
  if (source === undefined) return []
  try {
    const { body } = compileTemplate(source, engine === 'dynamic' ? DYNAMIC_ENGINE : SECURE_ENGINE)
    const known = templateGlobals(false)
    return freeNames(body, KNOWN).filter((name) => !known.has(name))
  } catch (error) {
    if (error instanceof TemplateError) return []
    throw error
  }
}
