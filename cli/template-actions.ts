import { join } from 'node:path'
import { Refusal } from '../runner/failure.ts'
import { saveTemplate } from '../runner/save-template.ts'
import { type FoundTemplate, findTemplate, findUsable, listTemplates } from '../runner/templates.ts'
import { writeNewFile } from '../runner/working-tree.ts'
import { countProblems } from '../schema/diagnostic.ts'
import { renderDiagnostic } from '../schema/frame.ts'
import type { InputSpec } from '../schema/workflow.ts'
import type { CommandRunner } from './command.ts'
import type { Cli } from './context.ts'
import { EXIT } from './exit-status.ts'
import type { Invocation } from './invocation.ts'
import { createWorkflow } from './new-workflow.ts'
import { openProjectFor } from './project.ts'
import { readPairs } from './read-pairs.ts'
import { BUILT_IN } from './templates/index.ts'
import { inlineJson, printJson } from './ui/json.ts'
import { paintWith } from './ui/paint.ts'
import { count, oneLine, padEnd, stripControls, wrap } from './ui/plain-text.ts'
import { usageError } from './usage-error.ts'

/** `templates` and `templates list`: all of them, or those of a category or with a tag. */
export const listCommand: CommandRunner = (invocation, cli) => {
  const [word] = invocation.rest('names')
  if (word !== undefined) {
    throw usageError(
      `'codemie-ci templates list' takes no words, and '${word}' is one.`,
      'Try `codemie-ci templates search`.',
    )
  }
  return showList(invocation, cli, [])
}

/** `templates search`: those that hold all of some words. */
export const searchCommand: CommandRunner = (invocation, cli) => {
  const words = invocation.rest('names')
  if (words.length === 0)
    throw usageError(
      "'codemie-ci templates search' needs words to look for.",
      'For example `codemie-ci templates search review`.',
    )
  return showList(invocation, cli, words)
}

async function showList(invocation: Invocation, cli: Cli, words: readonly string[]): Promise<number> {
  const { root } = await openProjectFor(invocation, cli)
  const all = await listTemplates(root, BUILT_IN)
  const [category, tags] = [invocation.text('category'), invocation.texts('tag')]
  const wanted = words.map((word) => word.toLowerCase())
  const found = all.filter((one) => {
    const { template } = one
    if (category !== undefined && template?.category !== category) return false
    if (!tags.every((tag) => template?.tags.includes(tag))) return false
    const text = [
      one.id,
      template?.name,
      template?.description,
      template?.category,
      ...(template?.tags ?? []),
    ]
    return wanted.every((word) => text.join('\n').toLowerCase().includes(word))
  })
  if (invocation.flag('json')) printJson(cli, { templates: found.map(listed) })
  else if (found.length > 0) cli.stdout.write(renderList(found, cli))
  else {
    const categories = [...new Set(all.flatMap(({ template }) => template?.category || []))].sort()
    cli.stdout.write(
      `None of ${count(all.length, 'template')} matches. There are these categories: ${categories.map(oneLine).join(', ')}.\n`,
    )
  }
  return EXIT.done
}

/** One template as `--json` gives it. */
function listed({ id, file, template, diagnostics }: FoundTemplate) {
  return {
    id,
    file: file ?? null,
    builtIn: file === undefined,
    name: template?.name ?? id,
    description: template?.description ?? '',
    category: template?.category ?? '',
    tags: template?.tags ?? [],
    parameters: (template?.parameters ?? []).map(
      ({ name, schema, required, default: fallback, description }) => ({
        name,
        required,
        ...(fallback === undefined ? {} : { default: fallback }),
        description,
        schema,
      }),
    ),
    problems: countProblems(diagnostics),
  }
}

function renderList(found: readonly FoundTemplate[], cli: Cli): string {
  const { bold, cyan, dim, red, symbols } = cli.look.stdout
  const columns = Math.min(cli.stdout.columns ?? 100, 100)
  const width = Math.max(...found.map(({ id }) => oneLine(id).length))
  const categories = [...new Set(found.map(({ template }) => template?.category ?? ''))].sort()
  const groups = categories.map((category) => {
    const lines = found
      .filter(({ template }) => (template?.category ?? '') === category)
      .flatMap(({ id, file, template }) => {
        const name = `  ${cyan(padEnd(oneLine(id), width))}  `
        if (!template)
          return [`${name}${red(`${symbols.failed} has errors`)}: codemie-ci validate ${file ?? id}`]
        const mark = file === undefined ? '' : ` (${oneLine(file)})`
        const [first = '', ...rest] = wrap(`${oneLine(template.description)}${mark}`, columns - width - 4)
        return [`${name}${first}`, ...rest.map((line) => ' '.repeat(width + 4) + line)]
      })
    return [bold(category === '' ? 'Without a category' : oneLine(category)), ...lines].join('\n')
  })
  return `${groups.join('\n\n')}\n\n${dim('codemie-ci templates show <template> tells more, codemie-ci new <name> --from-template <template> uses it.')}\n`
}

/** `templates show`: what a template is for, its parameters, and the workflow as it stands in the file. */
export const showCommand: CommandRunner = async (invocation, cli) => {
  const { root } = await openProjectFor(invocation, cli)
  const found = findTemplate(await listTemplates(root, BUILT_IN), oneName(invocation, 'show'))
  const { template, diagnostics, text } = found
  if (invocation.flag('json')) {
    printJson(cli, { ...listed(found), text: template?.text ?? text, diagnostics })
    return template ? EXIT.done : EXIT.usage
  }
  for (const diagnostic of diagnostics) {
    cli.stderr.write(`${renderDiagnostic(diagnostic, text, paintWith(cli.look.stderr))}\n\n`)
  }
  if (!template) return EXIT.usage
  const { bold, dim, symbols } = cli.look.stdout
  const about = [found.file ?? 'built in', template.category, template.tags.map((tag) => `#${tag}`).join(' ')]
  cli.stdout.write(
    [
      `${bold(oneLine(template.name))} ${dim(about.filter(Boolean).map(oneLine).join(` ${symbols.dot} `))}`,
      ...(template.description === '' ? [] : [oneLine(template.description)]),
      '',
      bold('Parameters'),
      ...(template.parameters.length === 0
        ? ['  none']
        : template.parameters.map((one) => parameterLine(one, template.parameters, dim))),
      '',
      bold('Workflow'),
      ...stripControls(template.text)
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`.trimEnd()),
      '',
    ].join('\n'),
  )
  return EXIT.done
}

function parameterLine(one: InputSpec, all: readonly InputSpec[], dim: (text: string) => string): string {
  const width = Math.max(...all.map(({ name }) => oneLine(name).length))
  const value = one.default === undefined ? 'required' : oneLine(inlineJson(one.default))
  return `  ${padEnd(oneLine(one.name), width)}  ${value}${one.description === '' ? '' : dim(`  ${oneLine(one.description)}`)}`
}

/** `templates use`: the same as `new --from-template`; without a name the workflow is called what the template is called. */
export const useCommand: CommandRunner = async (invocation, cli) => {
  const [template, name, ...more] = invocation.rest('names')
  if (template === undefined || more.length > 0) {
    throw usageError(
      "'codemie-ci templates use' takes a template and a name.",
      'For example `codemie-ci templates use report weekly`.',
    )
  }
  const project = await openProjectFor(invocation, cli)
  const { id } = findUsable(await listTemplates(project.root, BUILT_IN), template)
  return await createWorkflow(invocation, cli, project, { name: name ?? id, template })
}

/** `templates save`: a template from a workflow, with some of its values generalised. */
export const saveCommand: CommandRunner = async (invocation, cli) => {
  const project = await openProjectFor(invocation, cli)
  const definition = await project.find(oneName(invocation, 'save'))
  const saved = saveTemplate(definition, {
    name: invocation.text('name'),
    category: invocation.text('category'),
    parameters: readPairs(invocation, 'parameter', '--parameter').map(([path, name]) => ({ path, name })),
  })
  const taken = (await listTemplates(project.root, [])).find(({ id }) => id === saved.id)
  if (taken) {
    throw new Refusal(
      'name-taken',
      `${taken.file ?? join('.', saved.file)} is called '${saved.id}' already`,
      {
        help: 'Choose another name with --name; nothing is overwritten.',
      },
    )
  }
  await writeNewFile(project.root, saved.file, saved.text)
  if (invocation.flag('json'))
    printJson(cli, { id: saved.id, file: saved.file, parameters: saved.parameters })
  else {
    const { dim, green, symbols } = cli.look.stdout
    cli.stdout.write(
      `${green(symbols.done)} ${saved.file}  ${dim(`written from ${oneLine(definition.file)}`)}\n`,
    )
    for (const { path, name } of saved.parameters)
      cli.stdout.write(`  ${dim(symbols.dot)} ${oneLine(path)} is the parameter ${oneLine(name)}\n`)
    cli.stderr.write(`Use it: codemie-ci new <name> --from-template ${saved.id}\n`)
  }
  return EXIT.done
}

function oneName(invocation: Invocation, action: string): string {
  const [name, ...more] = invocation.rest('names')
  if (name !== undefined && more.length === 0) return name
  throw usageError(
    `'codemie-ci templates ${action}' takes one name${more.length > 0 ? `, and '${more[0]}' is one too many` : ''}.`,
    '`codemie-ci templates` lists the templates, `codemie-ci list` the workflows.',
  )
}
