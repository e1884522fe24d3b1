// @ts-check
// Evaluates expressions or renders templates of ours, so many times, over the same variables. Prints a digest of what
// came out. Arguments: a bundle of schema/language/index.ts, a file of cases, `expressions` or `templates`, how many
// times, and `again` (each text is compiled once) or `anew` (every turn has a text of its own).
// language.py does the same in Python, and prints the same.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [bundle = '', file = '', kind = '', times = '', how = ''] = process.argv.slice(2)
/** @type {typeof import('../../../schema/language/index.ts')} */
const language = await import(pathToFileURL(bundle).href)
const cases = JSON.parse(readFileSync(file, 'utf8'))
const variables = /** @type {InstanceType<typeof language.PyDict>} */ (language.fromJson(cases.variables))
const isAnew = how === 'anew'
const turns = Number(times)
const digest = createHash('sha256')

if (kind === 'expressions') measureExpressions(cases.expressions)
else measureTemplates(cases.templates)
console.log(digest.digest('hex'))

/** @param {readonly string[]} texts */
function measureExpressions(texts) {
  const compiled = isAnew ? [] : texts.map(language.compileExpression)
  let trueCount = 0
  for (let turn = 0; turn < turns; turn++) {
    const place = turn % texts.length
    const expression =
      compiled[place] ?? language.compileExpression(`(${texts[place]}) if ${turn} >= 0 else None`)
    const value = language.evaluate(expression, variables)
    if (language.truthy(value)) trueCount++
    if (turn >= turns - texts.length) digest.update(`${language.repr(value)}\n`)
  }
  digest.update(`${trueCount}`)
}

/** @param {readonly string[]} texts */
function measureTemplates(texts) {
  for (let turn = 0; turn < turns; turn++) {
    const text = texts[turn % texts.length] ?? ''
    const { value } = language.renderDynamic(isAnew ? `${text}{# ${turn} #}` : text, variables)
    digest.update(`${value}\n`)
  }
}
