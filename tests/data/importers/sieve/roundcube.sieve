require ["enotify","fileinto","imap4flags","reject"];
# rule:[Lottery]
if anyof (header :contains "subject" "lottery", header :contains "subject" "you have won")
{
	discard;
	stop;
}
# rule:[The boss]
if allof (header :contains "from" "boss@acme.example")
{
	notify :importance "1" :message "roundcube boss" "tel:+32470000001";
}
# rule:[Invoices over a megabyte]
if allof (header :contains "subject" "invoice", size :over 1M, not header :contains "to" "list@")
{
	notify :message "roundcube large invoice" "mailto:anna@phone.example";
}
# rule:[Switched off]
if false # allof (header :contains "subject" "holiday")
{
	notify :message "roundcube off" "mailto:anna@phone.example";
}
# rule:[Newsletters]
if header :contains "list-id" "news.example"
{
	fileinto "Newsletters";
	stop;
}
# rule:[Starred]
if header :is "x-priority" "1"
{
	addflag "\\Flagged";
}
# rule:[Said no]
if header :contains "subject" ["unsubscribe me"]
{
	reject "Write to the list, please.";
	stop;
}
# rule:[Shop]
if anyof (header :contains ["from","reply-to"] "shop.example", header :contains "subject" "order")
{
	notify :message "roundcube shop" "mailto:anna@phone.example";
	stop;
}
# rule:[Anything urgent]
if header :contains "subject" "urgent"
{
	notify :message "roundcube urgent" "mailto:anna@phone.example";
}
