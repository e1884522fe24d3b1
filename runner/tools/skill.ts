import type { AvailableSkill } from '../assistants.ts'
import { type BuiltInTool, badArgument, defineTool, toolFailed } from './define-tool.ts'

/** Name of the tool, as prompts written for CodeMie know it. */
const SKILL_TOOL = 'skill'

/** The tool with which a model loads skills; none where there are no skills. */
export function createSkillTools(skills: readonly AvailableSkill[]): readonly BuiltInTool[] {
  if (skills.length === 0) return []
  const byName = new Map(skills.map((one) => [one.skill.id, one]))
  return [
    defineTool<{ name: string; file?: string }>({
      name: SKILL_TOOL,
      description: `Loads a skill: instructions for one kind of work. Returns {instructions, files}; with "file", the text of one of those files. Skills:\n${skills.map(describe).join('\n')}`,
      reach: 'read',
      argumentNames: { skill: 'name', skill_name: 'name', skill_id: 'name' },
      properties: {
        name: { type: 'string', enum: [...byName.keys()], description: 'Which skill.' },
        file: { type: 'string', description: 'A file of the skill, as "files" names it.' },
      },
      required: ['name'],
      async run({ name, file }) {
        const found = byName.get(name)
        if (!found)
          throw badArgument(SKILL_TOOL, 'name', `names no skill: there are ${[...byName.keys()].join(', ')}`)
        const { skill, others } = found
        return file === undefined
          ? { instructions: skill.instructions, files: others }
          : await textOf(found, file)
      },
    }),
  ]
}

function describe({ skill: { id, description } }: AvailableSkill): string {
  return description === '' ? `- ${id}` : `- ${id}: ${description}`
}

async function textOf(skill: AvailableSkill, file: string): Promise<string> {
  const content = await skill.read(file)
  if (content === undefined) {
    const known = skill.others.length === 0 ? 'It has no files' : `Its files: ${skill.others.join(', ')}`
    throw badArgument(SKILL_TOOL, 'file', `names no file of the skill. ${known}`)
  }
  if (content.includes(0)) throw toolFailed(SKILL_TOOL, `${file} is no text`)
  return content.toString()
}
