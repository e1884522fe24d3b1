import { PROJECT_VALUES } from '../dialects/octomind/placeholders.ts'
import type { Assistant, McpServer } from '../workflow.ts'
import type { Draft, Entry } from './draft.ts'
import type { YamlValue } from './yaml-text.ts'

/** The entry of the assistant that answers for a role or a layer; made where there is none like it yet. */
export function assistantId(draft: Draft, assistant: Assistant): string {
  const { ref, command, commandIsOptional, greeting, at } = assistant
  const entry = ref === undefined ? inline(assistant) : { assistant_id: ref, ...knobs(assistant) }
  if (ref !== undefined) {
    draft.note(
      at,
      `The role '${ref}' has to be a stored assistant, or a role of a configuration: Octomind is not started for it`,
    )
  } else if (command && commandIsOptional) {
    draft.note(
      at,
      `'${command.join(' ')}' is not started: the assistant '${assistant.id}' answers itself, as it does where Octomind is not there`,
    )
  }
  if (ref === undefined && greeting?.trim())
    draft.lose(at, `The 'welcome' of '${assistant.id}' is not said at the beginning of its conversations`)
  const named = valuesIn(assistant.systemPrompt ?? '')
  if (named.length > 0)
    draft.lose(
      at,
      `The prompt of '${assistant.id}' names ${named.join(', ')}, and CodeMie uses the prompts of assistants word for word`,
    )
  const known = draft.assistants.find((one) => withoutId(one) === withoutId(entry))
  if (known) return String(known['id'])
  const taken = draft.assistants.map((one) => one['id'])
  let id = assistant.id
  for (let n = 2; taken.includes(id); n++) id = `${assistant.id}_${n}`
  draft.assistants.push({ id, ...entry })
  return id
}

/** The values of the project that a text names, each once. */
export function valuesIn(text: string): readonly string[] {
  return PROJECT_VALUES.filter((name) => text.includes(`{{${name}}}`)).map((name) => `{{${name}}}`)
}

function withoutId({ id, ...entry }: Entry): string {
  return JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}

function inline(assistant: Assistant): Entry {
  const { description, systemPrompt, tools, mcpServers, command, commandIsOptional } = assistant
  const isProgram = command !== undefined && !commandIsOptional
  return {
    description: description || undefined,
    ...(isProgram ? { command: [...command] } : { system_prompt: systemPrompt ?? '' }),
    ...knobs(assistant),
    tools: listed(tools.map(({ name }) => ({ name }))),
    mcp_servers: listed(mcpServers.map(serverEntry)),
  }
}

function knobs({ model, temperature, parameters }: Assistant): Entry {
  return {
    model,
    temperature,
    parameters:
      Object.keys(parameters).length === 0
        ? undefined
        : (parameters as { readonly [key: string]: YamlValue }),
  }
}

function serverEntry({ name, tools, config }: McpServer): { readonly [key: string]: YamlValue | undefined } {
  return {
    name,
    config: Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as {
      readonly [key: string]: YamlValue
    },
    tools: listed(tools),
  }
}

function listed<T extends YamlValue>(all: readonly T[]): readonly T[] | undefined {
  return all.length === 0 ? undefined : all
}
