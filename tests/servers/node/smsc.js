// An SMS centre by the package smpp: independent of ours on both sides of the codec. One line of JSON for each submit_sm.
// env: DELAY ms until an answer, THROTTLE_EVERY n. Receipts follow each answer; a text "reply" sends one from the phone.
const smpp = require('smpp');
const DELAY = +process.env.DELAY || 0, THROTTLE = +process.env.THROTTLE_EVERY || 0;
let seen = 0;
const server = smpp.createServer(session => {
  session.on('error', () => {});
  const bind = pdu => {
    if (pdu.password !== 'secret') { session.send(pdu.response({command_status: smpp.ESME_RINVPASWD})); return session.close(); }
    session.send(pdu.response({system_id: 'node'}));
  };
  session.on('bind_transceiver', bind);
  session.on('bind_transmitter', bind);
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => {
    const n = ++seen, id = 'm' + n.toString(16);
    const text = pdu.message_payload || pdu.short_message;
    const answer = () => {
      if (THROTTLE && n % THROTTLE === 0) return session.send(pdu.response({command_status: smpp.ESME_RTHROTTLED}));
      console.log(JSON.stringify({
        id, from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding, expiry: pdu.validity_period,
        text: text.message, udh: (text.udh || []).map(each => each.toString('hex')),
        sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum],
      }));
      session.send(pdu.response({message_id: id}));
      const back = {source_addr: pdu.destination_addr, destination_addr: pdu.source_addr};
      if (text.message === 'long reply') ['Größe Ж ', 'und [mehr] '].forEach((message, part) => session.deliver_sm({
        ...back, esm_class: 0x40, data_coding: 8,
        short_message: {udh: Buffer.from([5, 0, 3, 9, 2, part + 1]), message},
      }));
      if (text.message === 'reply') session.deliver_sm({...back, short_message: 'ja, Ж €'});
      if (pdu.registered_delivery & 1) session.deliver_sm({
        ...back, esm_class: 4, receipted_message_id: id, message_state: 2,
        short_message: `id:${id} sub:001 dlvrd:001 submit date:2611220400 done date:2611220400 stat:DELIVRD err:000 text:`,
      });
    };
    DELAY ? setTimeout(answer, DELAY) : answer();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
