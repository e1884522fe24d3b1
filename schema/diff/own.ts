import type { Assistant } from '../workflow.ts'

/** What an assistant may use by its entry in the file: a stored one brings its own, and servers that are off do not count. */
export function ownOf(
  assistant: Assistant,
): Partial<
  Pick<Assistant, 'tools' | 'mcpServers' | 'datasourceIds' | 'skillIds' | 'subAssistants' | 'command'>
> {
  if (assistant.ref) return {}
  return { ...assistant, mcpServers: assistant.mcpServers.filter(({ enabled }) => enabled) }
}
