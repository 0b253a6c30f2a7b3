import ExcelJS from 'exceljs';

export async function handle() {
  const book = new ExcelJS.Workbook();
  book.created = new Date(0);
  const sheet = book.addWorksheet('Sales');
  sheet.columns = [
    { header: 'Name', key: 'name', width: 20 },
    { header: 'Sum', key: 'sum' },
  ];
  sheet.addRow({ name: 'Ann', sum: 10.5 });
  sheet.addRow({ name: 'Böb', sum: 2 });
  sheet.getCell('B4').value = { formula: 'SUM(B2:B3)', result: 12.5 };
  sheet.getRow(1).font = { bold: true };
  const bytes = await book.xlsx.writeBuffer();
  const again = new ExcelJS.Workbook();
  await again.xlsx.load(bytes as ArrayBuffer);
  const rows: unknown[] = [];
  again.getWorksheet('Sales')?.eachRow((row) => rows.push((row.values as unknown[]).slice(1)));
  return { rows, bold: again.getWorksheet('Sales')?.getCell('A1').font?.bold, big: bytes.byteLength > 1000 };
}
