import type { Budget } from '../budget.ts'
import type { PyDict } from '../dict.ts'
import { asPyError } from '../errors.ts'
import { Frame } from './frame.ts'
import { Rendering } from './rendering.ts'
import { type Template, templateError } from './template.ts'

/**
 * Render a template with the names of `context`. Throws {@link TemplateError} with the place of the failure; names that nothing
 * defines are empty, as in Jinja's lenient default.
 */
export function renderTemplate(template: Template, context: PyDict, budget: Budget): string {
  try {
    const rendering = new Rendering(template.engine, context, budget)
    const top = new Frame(rendering)
    const { run, blocks } = template.compiled()
    for (const [name, write] of blocks) rendering.blocks.set(name, () => write(top))
    run(top)
    return rendering.output
  } catch (error) {
    throw templateError(asPyError(error), template.text)
  }
}
