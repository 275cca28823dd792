// An SMS centre by the package smpp that keeps a journal: what it took is on the disk before it answers.
// env: JOURNAL. Each receipt is brought again, at the next bind too, until it is acknowledged with status 0.
// A customer's reference in the parameter 0x1400 is shown again in the receipts.
const fs = require('fs'), smpp = require('smpp');
smpp.addTLV('customer_reference', {id: 0x1400, type: smpp.types.tlv.string});
const journal = fs.openSync(process.env.JOURNAL, 'a');
const note = line => { fs.writeSync(journal, JSON.stringify(line) + '\n'); fs.fsyncSync(journal); };
const owed = new Map();
let taken = 0;
const bring = (session, id) => owed.has(id) && session.deliver_sm({
  ...owed.get(id), esm_class: 4, receipted_message_id: id, message_state: 2,
  short_message: `id:${id} sub:001 dlvrd:001 submit date:2611220400 done date:2611220400 stat:DELIVRD err:000 text:`,
}, pdu => {
  if (pdu.command_status !== 0) setTimeout(() => bring(session, id), 300);
  else if (owed.delete(id)) note({did: 'reported', ref: id});
});
const server = smpp.createServer(session => {
  session.on('error', () => {});
  const bind = pdu => {
    if (pdu.password !== 'secret') { session.send(pdu.response({command_status: smpp.ESME_RINVPASWD})); return session.close(); }
    session.send(pdu.response({system_id: 'keeper'}));
    for (const id of owed.keys()) bring(session, id);
  };
  session.on('bind_transceiver', bind);
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => {
    const id = 'm' + (++taken).toString(16);
    note({did: 'taken', ref: id, text: pdu.short_message.message});
    if (pdu.registered_delivery & 1) owed.set(id, {
      source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
      ...(pdu.customer_reference ? {customer_reference: pdu.customer_reference} : {}),
    });
    session.send(pdu.response({message_id: id}));
    bring(session, id);
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
