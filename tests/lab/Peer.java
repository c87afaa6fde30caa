import java.io.FileInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.*;

/**
 * A JSSE client or server for recordings. Arguments are key=value:
 *   mode=client|server host= port= name= trust=FILE.jks keys=FILE.p12 protocols=A,B suites=A,B alpn=A
 *   need=1        server: require a client certificate
 *   reject=1      client: its own check refuses every chain (as a pin does)
 *   signwith=P12  server: sign with the key of this file instead of the certificate's own
 *   legacy=1      lift the JDK's restrictions on old versions, suites and keys
 */
public class Peer {
    static final char[] PASSWORD = "labpass".toCharArray();
    static final Map<String, String> opt = new HashMap<>();

    public static void main(String[] args) throws Exception {
        for (String a : args)
            opt.put(a.substring(0, a.indexOf('=')), a.substring(a.indexOf('=') + 1));
        if (opt.containsKey("legacy"))
            for (String p : List.of("jdk.tls.disabledAlgorithms", "jdk.certpath.disabledAlgorithms", "jdk.tls.legacyAlgorithms"))
                Security.setProperty(p, "");
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys(), trust(), null);
        if (opt.get("mode").equals("server"))
            serve(context);
        else
            connect(context);
    }

    static KeyStore store(String path) throws Exception {
        KeyStore s = KeyStore.getInstance(path.endsWith(".jks") ? "JKS" : "PKCS12");
        try (FileInputStream in = new FileInputStream(path)) {
            s.load(in, PASSWORD);
        }
        return s;
    }

    static KeyManager[] keys() throws Exception {
        if (!opt.containsKey("keys"))
            return null;
        KeyManagerFactory f = KeyManagerFactory.getInstance("SunX509");
        f.init(store(opt.get("keys")), PASSWORD);
        if (!opt.containsKey("signwith"))
            return f.getKeyManagers();
        KeyStore other = store(opt.get("signwith"));
        PrivateKey wrong = (PrivateKey) other.getKey(other.aliases().nextElement(), PASSWORD);
        X509ExtendedKeyManager right = (X509ExtendedKeyManager) f.getKeyManagers()[0];
        return new KeyManager[] { new Mismatched(right, wrong) };
    }

    static TrustManager[] trust() throws Exception {
        if (opt.containsKey("reject"))
            return new TrustManager[] { new Refusing() };
        if (!opt.containsKey("trust"))
            return null;
        TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
        f.init(store(opt.get("trust")));
        return f.getTrustManagers();
    }

    static void connect(SSLContext context) throws Exception {
        InetAddress there = InetAddress.getByName(opt.get("host"));
        Socket plain = new Socket();
        plain.connect(new InetSocketAddress(there, Integer.parseInt(opt.get("port"))), 5000);
        plain.setSoTimeout(5000);
        SSLSocket s = (SSLSocket) context.getSocketFactory().createSocket(plain, opt.get("name"), plain.getPort(), true);
        SSLParameters p = s.getSSLParameters();
        p.setEndpointIdentificationAlgorithm("HTTPS");
        limit(p);
        s.setSSLParameters(p);
        s.startHandshake();
        s.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
        s.getOutputStream().flush();
        s.getInputStream().read();
        s.close();
    }

    static void limit(SSLParameters p) {
        if (opt.containsKey("protocols"))
            p.setProtocols(opt.get("protocols").split(","));
        if (opt.containsKey("suites"))
            p.setCipherSuites(opt.get("suites").split(","));
        if (opt.containsKey("alpn"))
            p.setApplicationProtocols(opt.get("alpn").split(","));
    }

    static void serve(SSLContext context) throws Exception {
        int port = Integer.parseInt(opt.get("port"));
        SSLServerSocket l = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port);
        while (true) {
            SSLSocket s = (SSLSocket) l.accept();
            try {
                SSLParameters p = s.getSSLParameters();
                limit(p);
                p.setNeedClientAuth(opt.containsKey("need"));
                s.setSSLParameters(p);
                s.setSoTimeout(5000);
                s.startHandshake();
                s.getInputStream().read(new byte[512]);
                s.getOutputStream().write("HTTP/1.0 204 No Content\r\n\r\n".getBytes());
                s.close();
            } catch (Exception e) {
                System.out.println(e);
                s.close();
            }
        }
    }

    /** The right certificate, another one's key: what a mixed-up deployment does. */
    static class Mismatched extends X509ExtendedKeyManager {
        final X509ExtendedKeyManager right;
        final PrivateKey wrong;

        Mismatched(X509ExtendedKeyManager right, PrivateKey wrong) {
            this.right = right;
            this.wrong = wrong;
        }
        public PrivateKey getPrivateKey(String alias) { return wrong; }
        public X509Certificate[] getCertificateChain(String alias) { return right.getCertificateChain(alias); }
        public String[] getServerAliases(String type, java.security.Principal[] issuers) { return right.getServerAliases(type, issuers); }
        public String[] getClientAliases(String type, java.security.Principal[] issuers) { return right.getClientAliases(type, issuers); }
        public String chooseServerAlias(String type, java.security.Principal[] issuers, Socket s) { return right.chooseServerAlias(type, issuers, s); }
        public String chooseClientAlias(String[] type, java.security.Principal[] issuers, Socket s) { return right.chooseClientAlias(type, issuers, s); }
    }

    static class Refusing extends X509ExtendedTrustManager {
        void refuse() throws CertificateException { throw new CertificateException("not the pinned key"); }
        public void checkClientTrusted(X509Certificate[] c, String t) { }
        public void checkClientTrusted(X509Certificate[] c, String t, Socket s) { }
        public void checkClientTrusted(X509Certificate[] c, String t, SSLEngine e) { }
        public void checkServerTrusted(X509Certificate[] c, String t) throws CertificateException { refuse(); }
        public void checkServerTrusted(X509Certificate[] c, String t, Socket s) throws CertificateException { refuse(); }
        public void checkServerTrusted(X509Certificate[] c, String t, SSLEngine e) throws CertificateException { refuse(); }
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }
}
