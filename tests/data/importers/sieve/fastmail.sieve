### 1. Sieve generated for save-on-SMTP identities
# You do not have any identities with special folders.

### 2. Sieve generated for discard rules
require ["fileinto", "reject", "vacation", "envelope", "body", "relational", "regex", "subaddress", "copy", "mailbox", "mboxmetadata", "servermetadata", "date", "index", "comparator-i;ascii-numeric", "variables", "imap4flags", "enotify"];
if
  header :matches "X-Spam-Known" "yes"
{
  discard;
  stop;
}

### 3. Sieve generated for vacation responses
if anyof(
  header :contains "Auto-Submitted" "auto-replied",
  exists "X-Autoreply"
) {
  fileinto "Answers";
}

### 4. Sieve generated for calendar preferences
# Nothing.

### 5. Sieve generated for organise rules
# Rule tested on the whole conversation
if
  jmapquery text:
  {
    "conditions": [ { "from": "boss" } ],
    "operator": "AND"
  }
.
{
  notify :message "fastmail conversation" "mailto:anna@phone.example";
}
# Plus address
if
  allof(
  address :detail :is "To" "alerts",
  address :user :is "To" "anna"
  )
{
  notify :message "fastmail plus" "mailto:anna@phone.example";
}
# From a domain, with copies
elsif
  anyof(
  address :domain :is "From" "acme.example",
  address :all :matches "Cc" "*@acme.example"
  )
{
  notify :message "fastmail acme" "mailto:anna@phone.example";
}
# Anything left that has a ticket
else {
  if exists "X-Ticket" { notify :message "fastmail ticket" "mailto:anna@phone.example"; }
}

### 6. Sieve generated for pop-link filing
if header :is "X-Popmail" "old@provider.example" { fileinto "Old"; }
