import * as XLSX from 'xlsx';

export async function handle() {
  const book = XLSX.utils.book_new();
  const sheet = XLSX.utils.json_to_sheet([
    { name: 'Ann', sum: 10.5 },
    { name: 'Böb', sum: 2 },
  ]);
  XLSX.utils.book_append_sheet(book, sheet, 'Sales');
  const bytes = XLSX.write(book, { type: 'buffer', bookType: 'xlsx' });
  const again = XLSX.read(bytes, { type: 'buffer' });
  return {
    rows: XLSX.utils.sheet_to_json(again.Sheets.Sales),
    csv: XLSX.utils.sheet_to_csv(again.Sheets.Sales),
    names: again.SheetNames,
    range: again.Sheets.Sales['!ref'],
  };
}
