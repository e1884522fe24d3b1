import { PyDict } from '../dict.ts'
import { typeError } from '../errors.ts'
import { compileTree } from '../evaluator.ts'
import { type CallArguments, PyTuple } from '../values.ts'
import { compileBody } from './compiler.ts'
import type { Frame } from './frame.ts'
import { TEMPLATE_LANGUAGE } from './language.ts'
import type { MacroBody } from './statements.ts'
import { PyMacro, PyUndefined } from './values.ts'

/** Turn a macro, or the caller of a call block, into a function that makes it a value of the frame where it stands. */
export function compileMacro(macro: MacroBody): (frame: Frame) => PyMacro {
  const run = compileBody(macro.body)
  const bind = compileParameters(macro)
  const facts = new PyDict([
    ['name', macro.name],
    ['arguments', new PyTuple(macro.parameters.names)],
    ['caller', macro.uses.has('caller')],
    ['catch_kwargs', macro.uses.has('kwargs')],
    ['catch_varargs', macro.uses.has('varargs')],
  ])
  return (frame) =>
    new PyMacro(macro.name, facts, (args) => {
      const inner = frame.inner()
      bind(args, inner)
      return frame.rendering.captured(() => run(inner))
    })
}

/** Sets the names that a macro has for what it was called with. */
function compileParameters(macro: MacroBody): (args: CallArguments, inner: Frame) => void {
  const { names, defaults } = macro.parameters
  const firstDefault = names.length - defaults.length
  const fallbacks = defaults.map((node) => compileTree(node, TEMPLATE_LANGUAGE))
  const takesMore = macro.uses.has('varargs')
  return (args, inner) => {
    if (args.positional.length > names.length && !takesMore)
      throw typeError(`macro '${macro.name}' takes not more than ${names.length} argument(s)`)
    const named = new Map(args.named)
    names.forEach((name, index) => {
      const given = args.positional[index]
      const byName = named.get(name)
      if (given !== undefined && byName !== undefined)
        throw typeError(`macro '${macro.name}' got '${name}' by position and by name`)
      named.delete(name)
      const value = given === undefined ? byName : given
      const fallback = fallbacks[index - firstDefault]
      if (value !== undefined) inner.set(name, value)
      else if (fallback === undefined)
        inner.set(name, new PyUndefined(`parameter '${name}' was not provided`))
      else {
        inner.budget.step(fallback.size)
        inner.set(name, fallback.run(inner))
      }
    })
    if (macro.uses.has('caller')) {
      inner.set('caller', named.get('caller') ?? new PyUndefined('No caller defined'))
      named.delete('caller')
    }
    if (takesMore) inner.set('varargs', new PyTuple(args.positional.slice(names.length)))
    if (macro.uses.has('kwargs')) inner.set('kwargs', new PyDict(named))
    else if (named.has('caller'))
      throw typeError(
        `macro '${macro.name}' was invoked with two values for the special caller argument or takes none`,
      )
    else if (named.size > 0)
      throw typeError(`macro '${macro.name}' takes no keyword argument '${[...named.keys()][0]}'`)
  }
}
