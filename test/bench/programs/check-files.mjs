// @ts-check
// The floor of a check: `yaml` and Ajv with the published schema, for all files of a folder. Says only how many fail.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'

const folder = process.argv[2] ?? ''
const schema = JSON.parse(
  readFileSync(new URL('../../../dist/workflow.schema.json', import.meta.url), 'utf8'),
)
const check = new Ajv({ allErrors: true, strict: false }).compile(schema)
let failed = 0
for (const name of readdirSync(folder)) {
  if (!check(parse(readFileSync(join(folder, name), 'utf8')))) failed++
}
console.log(failed)
