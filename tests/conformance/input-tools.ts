/**
 * Tools that ask the client. In dated revisions each question is a request to the client; in 2026-07-28 it ends the call
 * with `input_required`, and the tool runs again with the answers.
 */
import { z } from 'zod';
import { type Answer, type Context, defineTool } from '../../server/index.js';
import { enumForm, formWithDefaults } from './forms.js';

export const inputTools = [
  defineTool({
    name: 'test_sampling',
    description: "Asks the client's model",
    input: z.object({ prompt: z.string().describe('What to ask') }),
    run: async ({ prompt }, context) => `LLM response: ${await sampleText(context, 'sampling', prompt, 100)}`,
  }),

  defineTool({
    name: 'test_elicitation',
    description: 'Asks the user who they are',
    input: z.object({ message: z.string().describe('What the user reads') }),
    async run({ message }, context) {
      const schema = z.object({
        username: z.string().describe("User's response"),
        email: z.string().describe("User's email address"),
      });
      return `User response: ${told(await context.elicit({ key: 'user', message, schema }))}`;
    },
  }),

  defineTool({
    name: 'test_elicitation_sep1034_defaults',
    description: 'Asks the user with a form that is already filled in',
    async run(_, context) {
      const message = 'Please review and update the form fields with defaults';
      return `Elicitation completed: ${told(await context.elicit({ key: 'form', message, schema: formWithDefaults }))}`;
    },
  }),

  defineTool({
    name: 'test_elicitation_sep1330_enums',
    description: 'Asks the user to choose, in every way there is',
    async run(_, context) {
      const message = 'Please select options from the enum fields';
      return `Elicitation completed: ${told(await context.elicit({ key: 'form', message, schema: enumForm }))}`;
    },
  }),

  defineTool({
    name: 'test_streaming_elicitation',
    description: 'Asks the user, which a 2026-07-28 client must not see as a request on its stream',
    async run(_, context) {
      await context.progress(0, 1);
      return `stream observed: ${told(await askName(context))}`;
    },
  }),

  defineTool({
    name: 'test_missing_capability',
    description: "Needs the client's model",
    run: (_, context) => sampleText(context, 'sampling', 'Say something', 10),
  }),

  defineTool({
    name: 'test_input_required_result_elicitation',
    description: 'Asks the user for a name',
    run: async (_, context) => `Hello, ${nameIn(await askName(context))}!`,
  }),

  defineTool({
    name: 'test_input_required_result_sampling',
    description: "Asks the client's model a question",
    run: (_, context) => sampleText(context, 'capital_question', 'What is the capital of France?', 100),
  }),

  defineTool({
    name: 'test_input_required_result_list_roots',
    description: 'Asks which folders the client works in',
    async run(_, context) {
      const roots = await context.listRoots({ key: 'client_roots' });
      return `Client roots: ${roots.map(({ uri }) => uri).join(', ')}`;
    },
  }),

  defineTool({
    name: 'test_input_required_result_request_state',
    description: 'Asks the user, and knows the call again by the state the client brings back',
    run: async (_, context) => `state-ok: ${told(await confirm(context))}`,
  }),

  defineTool({
    name: 'test_input_required_result_tampered_state',
    description: 'Asks the user, and refuses a state that was changed on the way',
    run: async (_, context) => `Confirmed: ${told(await confirm(context))}`,
  }),

  defineTool({
    name: 'test_input_required_result_multiple_inputs',
    description: 'Asks the user, the model and the client at once',
    async run(_, context) {
      const [answer, greeting, roots] = await Promise.all([
        askName(context),
        sampleText(context, 'greeting', 'Generate a greeting', 50),
        context.listRoots({ key: 'client_roots' }),
      ]);
      return `${greeting} ${nameIn(answer)}, you work in ${roots.length} folders.`;
    },
  }),

  defineTool({
    name: 'test_input_required_result_multi_round',
    description: 'Asks the user twice, one question after the other',
    async run(_, context) {
      const named = await askName(context, 'step1', 'Step 1: What is your name?');
      const painted = await context.elicit({
        key: 'step2',
        message: 'Step 2: What is your favorite color?',
        schema: z.object({ color: z.string() }),
      });
      return `${nameIn(named)} likes ${painted.content?.color ?? 'no color'}.`;
    },
  }),

  defineTool({
    name: 'test_input_required_result_capabilities',
    description: 'Asks whatever the client can answer, and nothing else',
    async run(_, context) {
      const { elicitation, roots, sampling } = context.client.capabilities;
      const answers = await Promise.all([
        sampling && sampleText(context, 'greeting', 'Generate a short greeting', 50),
        elicitation && askName(context),
        roots && context.listRoots({ key: 'client_roots' }),
      ]);
      return `Answers: ${JSON.stringify(answers.filter((answer) => answer !== undefined))}`;
    },
  }),
];

function askName(context: Context, key = 'user_name', message = 'What is your name?') {
  return context.elicit({ key, message, schema: z.object({ name: z.string() }) });
}

function confirm(context: Context) {
  return context.elicit({ key: 'confirm', message: 'Please confirm', schema: z.object({ ok: z.boolean() }) });
}

async function sampleText(context: Context, key: string, text: string, maxTokens: number): Promise<string> {
  const messages = [{ role: 'user', content: { type: 'text', text } }] as const;
  const { content } = await context.sample({ key, messages, maxTokens });
  return 'text' in content ? content.text : JSON.stringify(content);
}

function nameIn({ content }: Answer<{ name: string }>): string {
  return content?.name ?? 'stranger';
}

function told({ action, content }: Answer<unknown>): string {
  return `action=${action}, content=${JSON.stringify(content ?? {})}`;
}
