package plan

import (
	"regexp"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Clearing is how entries are sent through the clearing house, and where files of them
// are brought.
type Clearing struct {
	clearing.Bank
	SFTP *SFTP // nil when the bank fetches files from the folder
}

// SFTP is the bank's server for files. Its keys are not in the file: they are in the key
// folder or in the environment.
type SFTP struct {
	Address string // host:port
	User    string
	HostKey string // the server's public key, as in known_hosts: "ssh-ed25519 AAAA..."
	Folder  string // on the server
}

// clearingZone is where the network's windows are told.
const clearingZone = "America/New_York"

// hourForm is a civil time.
var hourForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// readClearing reads how entries are sent. Funds and the sandbox are read before.
func (p *Plan) readClearing(v yamldoc.Value) {
	if !v.Present() {
		return
	}
	f := v.Fields("odfi", "destination", "destination_name", "origin", "origin_name", "time_zone", "windows", "companies", "same_day_limits",
		"balanced", "folder", "live", "sftp")
	c := &Clearing{Bank: clearing.Bank{
		ODFI: f.Need("odfi").Text(), Destination: f.Need("destination").Text(), Origin: f.Need("origin").Text(),
		DestinationName: f.May("destination_name").Text(), OriginName: f.May("origin_name").Text(), Balanced: f.May("balanced").Bool(),
		Folder: readFolder(f.Need("folder")), Live: f.May("live").Bool(), Companies: map[chart.Fund]clearing.Company{},
	}}
	c.Zone, _ = time.LoadLocation(clearingZone)
	if zone := f.May("time_zone"); zone.Present() {
		c.Zone = zone.Zone()
	}
	for _, entry := range f.Need("windows").List() {
		c.Windows = append(c.Windows, readWindow(entry))
	}
	for _, entry := range f.Need("companies").List() {
		p.readCompany(c, entry)
	}
	for _, entry := range f.May("same_day_limits").List() {
		l := entry.Fields("from", "amount", "source")
		limit := clearing.SameDayLimit{From: readDay(l.Need("from")), Amount: readCents(l.Need("amount")), Source: l.May("source").Text()}
		c.Limits = append(c.Limits, limit)
	}
	if sftp := f.May("sftp"); sftp.Present() {
		s := sftp.Fields("address", "user", "host_key", "folder")
		c.SFTP = &SFTP{
			Address: s.Need("address").Text(), User: s.Need("user").Text(), HostKey: s.Need("host_key").Text(), Folder: s.May("folder").Text(),
		}
	}
	if err := c.Check(p.Sandbox); err != nil {
		v.Refuse("%s", fault.MessageOf(err))
		return
	}
	p.Clearing = c
}

func readWindow(v yamldoc.Value) clearing.Window {
	f := v.Fields("name", "cut_off", "same_day")
	w := clearing.Window{Name: f.Need("name").ID(), SameDay: f.May("same_day").Bool()}
	at := hourForm.FindStringSubmatch(f.Need("cut_off").Text())
	if at == nil {
		f.Need("cut_off").Refuse("a cut-off is a time such as \"14:45\"")
		return w
	}
	w.Hour, _ = strconv.Atoi(at[1]) // the form has digits only
	w.Minute, _ = strconv.Atoi(at[2])
	return w
}

func (p *Plan) readCompany(c *Clearing, v yamldoc.Value) {
	f := v.Fields("fund", "id", "name", "description", "discretionary", "offset")
	fund, err := chart.ParseFund(f.Need("fund").Text())
	if err != nil {
		f.Need("fund").Refuse("%v", err)
		return
	}
	if _, twice := c.Companies[fund]; twice {
		v.Refuse("the company of %s is listed twice", fund)
	}
	company := clearing.Company{
		ID: f.Need("id").Text(), Name: f.Need("name").Text(), Description: f.Need("description").Text(), Discretionary: f.May("discretionary").Text(),
	}
	if offset := f.May("offset"); offset.Present() {
		o := offset.Fields("routing", "account", "kind")
		kind := string(mandate.Checking)
		if said := o.May("kind"); said.Present() {
			kind = said.Text()
		}
		own, err := mandate.ParseBankAccount(o.Need("routing").Text(), o.Need("account").Text(), kind, company.Name, true)
		if err != nil && c.Live {
			offset.Refuse("%s", fault.MessageOf(err))
		}
		company.Offset = own
	}
	c.Companies[fund] = company
}

func readDay(v yamldoc.Value) calendar.Date {
	day, err := calendar.Parse(v.Text())
	if err != nil || day.IsZero() {
		v.Refuse("write a day as 2026-11-10")
	}
	return day
}

func readCents(v yamldoc.Value) money.Cents {
	cents, err := money.Parse(v.Text())
	if err != nil {
		v.Refuse("%v", err)
	}
	return cents
}
