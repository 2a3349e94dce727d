// What the page says of the channel in two proofs that the program's own story leaves: of a note before the ministry stopped
// following the embassy, and of one after it: node tests/page/channel.mjs VERBALE DIR
// DIR has the proofs that tests/it/cli/channel.rs leaves there with VERBALE_CHANNEL.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pageChecks, programReport, run } from "./common.mjs";

const [program, folder] = process.argv.slice(2);
const { Verify } = pageChecks();
const words = { 1: "accepted messages from the sender's, and followed it", 2: "did not accept messages from the sender's, and did not follow it" };
await run(async (test) => {
  for (const [note, expected] of Object.entries(words)) {
    await test(`note ${note}: ${expected}`, async () => {
      const bytes = readFileSync(join(folder, `note-${note}.zip`));
      const { claims } = await Verify.verify([{ name: `note-${note}.proof.zip`, bytes: new Uint8Array(bytes) }]);
      const { shown, not_shown } = claims.find(({ name }) => name === "channel");
      assert.deepEqual(shown, [`when the note was sealed, the account 783214 ministry ${expected}: X's own record, stated`]);
      const ofProgram = programReport(program, bytes).claims.find(({ name }) => name === "channel");
      assert.deepEqual(ofProgram, { name: "channel", shown, not_shown });
    });
  }
});
