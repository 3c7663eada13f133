package demo

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/format/nacha"
)

// Cheque is one cheque of a lockbox file.
type Cheque struct {
	Reference string // what stands on the stub
	Cents     money.Cents
}

// Lockbox writes a lockbox file as a bank would send it. Serial tells the
// cheques of one file from those of another.
func Lockbox(day calendar.Date, serial int, cheques []Cheque) ([]byte, error) {
	var out bytes.Buffer
	w := lockbox.NewWriter(&out, lockbox.Header{Destination: "CEDARVALLE", Origin: "0110000150", Date: day, Time: "0615"})
	for i, c := range cheques {
		err := w.Write(lockbox.Item{
			Lockbox: "5501001", DepositDate: day, Batch: i/500 + 1, Number: i%500 + 1, Amount: c.Cents, Routing: "011000015",
			Account: secret.New(fmt.Sprintf("%09d", 100_000_000+serial*10_000+i)), CheckNumber: fmt.Sprint(1000 + i),
			Overflow: []lockbox.Overflow{{Text: c.Reference}},
		})
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// BankBillPay writes a file of payments from banks' own bill pay (CIE).
func BankBillPay(day calendar.Date, payments []Cheque) ([]byte, error) {
	var out bytes.Buffer
	w := nacha.NewWriter(&out, nacha.Header{
		Destination: "011000015", DestinationName: "CEDAR VALLEY BANK", Origin: "091000019", OriginName: "PAYERS BANK",
		Date: day, Time: "0530", Modifier: "A",
	})
	batch := &nacha.Batch{
		Number: 1, ServiceClass: 220, SECCode: "CIE", CompanyName: "PAYERS BANK", CompanyID: "9555010009",
		EntryDescription: "BILL PAY", EffectiveDate: day, ODFI: "09100001",
	}
	if err := w.Batch(batch); err != nil {
		return nil, err
	}
	for i, p := range payments {
		err := w.Entry(nacha.Entry{
			Batch: batch, TransactionCode: 22, RDFI: "011000015", Account: secret.New("000555010001"), Amount: p.Cents,
			IndividualID: p.Reference, IndividualName: "MADE UP PAYER", Trace: fmt.Sprintf("09100001%07d", i+1),
		})
		if err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return out.Bytes(), err
}

// Enrolment writes an 834 in which an employer enrols a family and a single
// member. Each group has an employer, people and ids of its own.
func Enrolment(day calendar.Date, group int) []byte {
	from := calendar.On(day.Time().Year(), day.Time().Month(), 1).String()
	from = strings.ReplaceAll(from, "-", "")
	today := strings.ReplaceAll(day.String(), "-", "")
	segments := []string{
		"BGN*00*CEDAR834*" + today + "*0900****2", "N1*P5*JUNIPER OUTFITTERS*FI*955501234", "N1*IN*CEDAR VALLEY HEALTH*FI*955505678",
		"INS*Y*18*021*28*A***FT", "REF*0F*JUN0001", "REF*1L*JUNIPER", "DTP*356*D8*" + from,
		"NM1*IL*1*MERCER*DANA*R***34*900550001", "PER*IP**HP*3035550142", "N3*12 JUNIPER ST", "N4*BOULDER*CO*80301",
		"DMG*D8*19840312*F", "HD*021**HLT*CEDAR GOLD*FAM", "DTP*348*D8*" + from,
		"INS*N*01*021*28*A", "REF*0F*JUN0001", "REF*1L*JUNIPER", "NM1*IL*1*MERCER*LEE****34*900550002", "N3*12 JUNIPER ST",
		"N4*BOULDER*CO*80301", "DMG*D8*19830704*M", "HD*021**HLT*CEDAR GOLD*FAM", "DTP*348*D8*" + from,
		"INS*N*19*021*28*A", "REF*0F*JUN0001", "REF*1L*JUNIPER", "NM1*IL*1*MERCER*ROBIN****34*900550003", "N3*12 JUNIPER ST",
		"N4*BOULDER*CO*80301", "DMG*D8*20150920*F", "HD*021**HLT*CEDAR GOLD*FAM", "DTP*348*D8*" + from,
		"INS*Y*18*021*28*A***FT", "REF*0F*JUN0002", "REF*1L*JUNIPER", "DTP*356*D8*" + from,
		"NM1*IL*1*OYELARAN*TOLA****34*900550004", "N3*88 PRAIRIE AVE", "N4*HAYS*KS*67601", "DMG*D8*19901105*M",
		"HD*021**HLT*CEDAR SILVER*EMP", "DTP*348*D8*" + from,
	}
	var out strings.Builder
	fmt.Fprintf(&out, "ISA*00*          *00*          *ZZ*JUNIPER        *ZZ*CEDARVALLEY    *%s*0900*^*00501*000000834*0*T*:~\n", today[2:])
	fmt.Fprintf(&out, "GS*BE*JUNIPER*CEDARVALLEY*%s*0900*834*X*005010X220A1~\nST*834*0001*005010X220A1~\n", today)
	for _, s := range segments {
		out.WriteString(s + "~\n")
	}
	fmt.Fprintf(&out, "SE*%d*0001~\nGE*1*834~\nIEA*1*000000834~\n", len(segments)+2)
	names := strings.NewReplacer(
		"JUN000", fmt.Sprintf("JUN%d00", group), "*JUNIPER~", fmt.Sprintf("*JUNIPER%d~", group), "95550123", fmt.Sprintf("95551%02d3", group),
		"90055000", fmt.Sprintf("9005%d00", 50+group), "MERCER", []string{"MERCER", "HALVORSEN"}[group%2],
		"OYELARAN", []string{"OYELARAN", "PRIETO"}[group%2], "834~", fmt.Sprintf("83%d~", 4+group), "*834*X", fmt.Sprintf("*83%d*X", 4+group),
		"*000000834*0", fmt.Sprintf("*00000083%d*0", 4+group),
	)
	return []byte(names.Replace(out.String()))
}

// Swapped exchanges two neighbouring digits of a number: a slip that the check
// digit always shows.
func Swapped(digits string) string {
	b := []byte(digits)
	for i := 3; i < len(b); i++ {
		if b[i] != b[i-1] {
			b[i], b[i-1] = b[i-1], b[i]
			break
		}
	}
	return string(b)
}
